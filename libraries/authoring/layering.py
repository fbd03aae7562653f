"""The direction of the arrows: suites, resources, keyword libraries, ccci; and the lab apart."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from authoring.model import Finding
from authoring.project import Project

SHAPELESS = ("utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "tools")
ROBOTS = ("robot", "Browser", "RequestsLibrary", "pabot")


@dataclass(frozen=True)
class Arrow:
    """Modules under `place` import none of `forbidden` (top-level names)."""

    place: str
    forbidden: frozenset[str]
    instead: str


def check_layering(project: Project) -> Iterator[Finding]:
    """Yield imports against the arrows, and modules named for nothing."""
    for arrow in _arrows(project):
        for path in sorted((project.root / arrow.place).rglob("*.py")):
            for name, line in _imports(path):
                if name.partition(".")[0] in arrow.forbidden:
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
    for place in ("libraries", "lab", "resources", "recipes"):
        for path in sorted((project.root / place).rglob("*")):
            if path.suffix in (".py", ".resource") and path.stem.strip("_").lower() in SHAPELESS:
                yield project.finding(
                    path,
                    1,
                    f"layering: a file named '{path.stem}' says nothing of what it knows. Name it "
                    "for its topic, as in journal.py or budget.py.",
                )


def _arrows(project: Project) -> tuple[Arrow, ...]:
    keyword_libraries = frozenset(path.stem for path in project.libraries)
    folders = (item for item in (project.root / "libraries").glob("*") if item.is_dir())
    packages = frozenset(item.name for item in folders)
    return (
        Arrow(
            "libraries/ccci",
            (frozenset(ROBOTS) | keyword_libraries | packages | {"lab"}) - {"ccci"},
            "ccci is plain Python below the keyword libraries: it knows neither Robot Framework "
            "nor what calls it",
        ),
        Arrow(
            "lab",
            packages | keyword_libraries | frozenset(ROBOTS),
            "the lab is a server like any other: all that passes from it is server.toml",
        ),
        Arrow(
            "libraries",
            frozenset({"lab"}),
            "nothing above the lab imports it: read server.toml instead",
        ),
        Arrow(
            "libraries",
            frozenset({"unittest", "mock", "pytest"}),
            "a suite asserts on the real app, not on a stand-in (P7: no mock)",
        ),
    )


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        # Reported by the check of forbidden things, which reads every Python file too.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((item.name, node.lineno) for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node.lineno
