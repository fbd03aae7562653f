"""`make cost`: what each recipe costs in hand-written lines and files.

To a recipe belong its folders under recipes/ and suites/ (links to the generic stages left out),
and elsewhere in the project (lab/ and docs/ left out) what is there for this recipe alone:

- files whose name contains the recipe's name;
- Python that only such Python imports;
- tests that are named for the recipe or for its Python.

lab/ has a column of its own, so that nothing is hidden there. Companions, which recipes share, have
rows of their own: their folder, and what has exactly their name elsewhere.
"""

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ccci.authoring.project import Project
from ccci.recipe.companions import companion_folder, companions_of
from ccci.results.pinned_tests import PINNED_FILE
from ccci.results.suite_fingerprint import VERIFIED_FILE

PLACES = ("recipes", "suites", "libraries", "resources", "ccci", "tests")
HEADINGS = ("recipe", "recipes/", "suites/", "elsewhere", "lines", "files", "of it Python", "lab/")


@dataclass(frozen=True)
class Cost:
    """The files that one recipe needs: outside of lab/, and in it."""

    recipe: str
    files: tuple[Path, ...]
    lab: tuple[Path, ...]

    def cells(self, root: Path) -> tuple[str, ...]:
        """Return the row of the table."""
        places: dict[str, list[Path]] = {"recipes": [], "suites": [], "elsewhere": []}
        for path in self.files:
            place = path.relative_to(root).parts[0]
            places[place if place in places else "elsewhere"].append(path)
        python = [path for path in self.files if path.suffix == ".py"]
        lines = [count_lines(found) for found in (*places.values(), self.files)]
        return (
            self.recipe,
            *(f"{number:,}" for number in lines),
            str(len(self.files)),
            f"{count_lines(python):,}",
            f"{count_lines(self.lab):,}",
        )


def costs(root: Path) -> list[Cost]:
    """Return what each enrolled recipe costs.

    Args:
        root: the project's folder.

    Example:
        >>> [cost.recipe for cost in costs(Path("."))][:1]
        ['custom-html']
    """
    tree = _Tree(root)
    return [
        Cost(recipe, tuple(tree.files_of(recipe)), tuple(tree.lab_of(recipe)))
        for recipe in Project(root).enrolled
    ]


def companion_costs(root: Path) -> list[Cost]:
    """Return what each companion costs, whichever recipes name it.

    Args:
        root: the project's folder.

    Example:
        >>> [cost.recipe for cost in companion_costs(Path("."))][:1]
        ['mail (companion)']
    """
    tree = _Tree(root)
    return [
        Cost(f"{name} (companion)", tuple(tree.companion(name)), ()) for name in companions_of(root)
    ]


def table(root: Path) -> str:
    """Return the costs as a Markdown table."""
    rows = [cost.cells(root) for cost in (*costs(root), *companion_costs(root))]
    rule = ("---", *["---:"] * (len(HEADINGS) - 1))
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEADINGS, rule, *rows))


def count_lines(paths: Iterable[Path]) -> int:
    """Return the number of lines of some text files."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


@dataclass(frozen=True)
class _Tree:
    """The project's files, and which Python imports which."""

    root: Path

    @cached_property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for place in PLACES for path in _files(self.root / place))

    @cached_property
    def importers(self) -> dict[str, set[Path]]:
        """Module name -> the files that import it, tests left out."""
        found: dict[str, set[Path]] = {}
        for path in self.files:
            if path.suffix == ".py" and not self._in(path, "tests"):
                for name in _imports(path):
                    found.setdefault(name, set()).add(path)
        return found

    def files_of(self, recipe: str) -> list[Path]:
        own = {path for path in self.files if self._belongs(path, recipe)}
        works = [path for path in self.files if self._in(path, "ccci") and path.suffix == ".py"]
        while more := {path for path in works if path not in own and self._only_for(own, path)}:
            own |= more
        named = {_plain(path.stem) for path in own if path.suffix == ".py"}
        own |= {
            path
            for path in self.files
            if self._in(path, "tests") and _plain(path.stem).removeprefix("test") in named
        }
        return sorted(own)

    def companion(self, name: str) -> list[Path]:
        folder = companion_folder(self.root, name)
        named = (_plain(name), f"test{_plain(name)}")
        return [path for path in self.files if folder in path.parents or _plain(path.stem) in named]

    def lab_of(self, recipe: str) -> list[Path]:
        return [
            path
            for place in ("recipes", "images")
            for path in _files(self.root / "lab" / place / recipe)
        ]

    def _belongs(self, path: Path, recipe: str) -> bool:
        parts = path.relative_to(self.root).parts
        if parts[0] in ("recipes", "suites"):
            return parts[1] == recipe
        return _plain(recipe) in _plain(path.stem) or recipe in parts[1:-1]

    def _only_for(self, own: set[Path], path: Path) -> bool:
        name = ".".join(path.relative_to(self.root).with_suffix("").parts)
        importers = self.importers.get(name, set())
        return bool(importers) and importers <= own

    def _in(self, path: Path, place: str) -> bool:
        return path.relative_to(self.root).parts[0] == place


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.name in (PINNED_FILE, VERIFIED_FILE):
            continue  # `make docs` and `make record` write them.
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
            yield path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{item.name}" for item in node.names)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def main(argv: list[str] | None = None) -> int:
    """Print what each recipe costs in hand-written lines and files, as a table."""
    parser = argparse.ArgumentParser(prog="ccci.authoring.cost", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    options = parser.parse_args(argv)
    print(table(options.root.resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
