"""Which part of the project may import which: suites, resources, libraries, works, and the lab."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccci.authoring.circles import check_circles
from ccci.authoring.imports import imports_of
from ccci.authoring.model import Finding
from ccci.authoring.project import Project

SHAPELESS = ("utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "tools")
# What in ccci may know of Robot Framework: the bridge to it, and the programs.
APART = ("audit", "bridge", "authoring", "dashboard", "loop", "matrix", "repeat", "verified")
ROBOTS = ("robot", "Browser", "RequestsLibrary", "pabot")


@dataclass(frozen=True)
class Arrow:
    """Modules under `place` import none of `forbidden`, nor what lies in it."""

    place: str
    forbidden: frozenset[str]
    instead: str

    def forbids(self, name: str) -> bool:
        """Tell whether a dotted name is, or lies in, something forbidden."""
        parts = name.split(".")
        return any(".".join(parts[:end]) in self.forbidden for end in range(1, len(parts) + 1))


def check_layering(project: Project) -> Iterator[Finding]:
    """Yield imports against the arrows or in a circle, and modules named for nothing."""
    yield from check_circles(project)
    for arrow in _arrows(project):
        for path in _modules(project.root / arrow.place):
            for name, line in imports_of(path):
                if arrow.forbids(name):
                    yield project.finding(
                        path, line, f"layering: '{name}' is imported here; {arrow.instead}."
                    )
    for file in project.suites:
        for item in file.imports:
            if item.kind != "Resource":
                yield project.finding(
                    file.path,
                    item.line,
                    f"layering: suite imports {item.kind.lower()} '{item.name}'; expected only "
                    "resources, which bring the rest. Move the line to the one that needs it.",
                )
    for place in ("ccci", "libraries", "lab", "resources", "recipes"):
        for path in sorted((project.root / place).rglob("*")):
            if path.suffix in (".py", ".resource") and path.stem.strip("_").lower() in SHAPELESS:
                yield project.finding(
                    path,
                    1,
                    f"layering: a file named '{path.stem}' says nothing of what it knows. Name it "
                    "for its topic, as in journal.py or budget.py.",
                )


def _arrows(project: Project) -> Iterator[Arrow]:
    keyword_libraries = frozenset(path.stem for path in project.libraries)
    apart = frozenset(f"ccci.{name}" for name in APART)
    works = sorted(path for path in (project.root / "ccci").glob("*") if path.name not in APART)
    for path in works:
        yield Arrow(
            project.relative(path),
            frozenset(ROBOTS) | keyword_libraries | apart,
            "the works of ccci are plain Python: they know neither Robot Framework nor what "
            "calls them",
        )
    for place in ("libraries", "recipes"):
        yield Arrow(
            place,
            apart - {"ccci.bridge"},
            "a keyword library stands on the works and on ccci.bridge, not on a program",
        )
    yield Arrow(
        "lab",
        keyword_libraries | frozenset(ROBOTS) | {"ccci"},
        "the lab is a server like any other: all that passes from it is server.toml",
    )
    for place in ("ccci", "libraries", "recipes"):
        yield Arrow(
            place,
            frozenset({"lab"}),
            "nothing above the lab imports it: read server.toml instead",
        )
        yield Arrow(
            place,
            frozenset({"unittest", "mock", "pytest"}),
            "a suite asserts on the real app, not on a stand-in (P7: no mock)",
        )


def _modules(place: Path) -> list[Path]:
    return [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))
