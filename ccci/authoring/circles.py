"""The packages of ccci form no circle, and the modules at its top know none of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccci.authoring.imports import imports_of
from ccci.authoring.model import Finding
from ccci.authoring.project import Project


@dataclass(frozen=True)
class Import:
    """One import of one package by another: where it stands, and the module it names."""

    path: Path
    line: int
    name: str


# Package to package, with every import that makes the arrow.
Arrows = Mapping[str, Mapping[str, list[Import]]]


def check_circles(project: Project) -> Iterator[Finding]:
    """Yield one finding a circle of packages, and one an import at the top of ccci.

    A circle is reported at the arrow with the fewest imports: that one is the easiest to turn.
    """
    arrows = _arrows(project)
    for path in sorted((project.root / "ccci").glob("*.py")):
        for package, found in sorted(arrows.get(path.stem, {}).items()):
            if path.with_name(f"{package}.py").is_file():
                continue  # It is at the top itself.
            yield project.finding(
                found[0].path,
                found[0].line,
                f"layering: '{found[0].name}' is imported at the top of ccci; what all packages "
                f"use may know nothing of them. Move it into a package, or '{package}' to the top.",
            )
    for circle in circles(arrows):
        steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
        user, used = min(steps, key=lambda step: len(arrows[step[0]][step[1]]))
        first = arrows[user][used][0]
        others = ", ".join(
            f"{project.relative(one.path)}:{one.line}"
            for one in (arrows[a][b][0] for a, b in steps if (a, b) != (user, used))
        )
        yield project.finding(
            first.path,
            first.line,
            f"layering: '{first.name}' closes a circle of packages, "
            f"{' -> '.join([*circle, circle[0]])} (see also {others}). Move what both need into "
            f"the lower one, or into one below both.",
        )


def circles(arrows: Mapping[str, Mapping[str, object]]) -> list[list[str]]:
    """Return one shortest circle through each place that lies on one, each circle once.

    Example:
        >>> circles({"run": {"deploy": 1}, "deploy": {"run": 1}, "web": {}})
        [['deploy', 'run']]
    """
    found: dict[frozenset[str], list[str]] = {}
    for start in sorted(arrows):
        circle = _shortest_circle(start, arrows)
        if circle:
            found.setdefault(frozenset(circle), circle)
    return list(found.values())


def _shortest_circle(start: str, arrows: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the shortest way from a place back to it; empty where there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for following in sorted(arrows.get(way[-1], {})):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _arrows(project: Project) -> Arrows:
    ccci = project.root / "ccci"
    arrows: defaultdict[str, defaultdict[str, list[Import]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for path in sorted(ccci.rglob("*.py")):
        package = path.relative_to(ccci).parts[0].removesuffix(".py")
        for name, line in imports_of(path):
            parts = name.split(".")
            if parts[0] == "ccci" and len(parts) > 1 and parts[1] != package:
                arrows[package][parts[1]].append(Import(path, line, name))
    return arrows
