"""Where the parts of the project lie, each Robot file read once."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ccci.authoring.model import Finding, Kind, RobotFile
from ccci.authoring.robotfile import read_robot_file


@dataclass(frozen=True)
class Project:
    """Where the parts of a project lie, each Robot file read once."""

    root: Path

    def relative(self, path: Path) -> str:
        """Return a path as messages name it. A link keeps its own name."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def finding(self, path: Path, line: int, message: str, kind: Kind = "error") -> Finding:
        """Return a finding in a file of this project."""
        return Finding(self.relative(path), line, message, kind)

    @cached_property
    def enrolled(self) -> tuple[str, ...]:
        """Names of the recipes that have a folder under recipes/."""
        return _folders(self.root / "recipes")

    @cached_property
    def suite_folders(self) -> tuple[str, ...]:
        """Names of the folders under suites/, the generic one left out."""
        return tuple(name for name in _folders(self.root / "suites") if name != "generic")

    @cached_property
    def generic_files(self) -> tuple[Path, ...]:
        """The files of the generic stages."""
        return tuple(sorted((self.root / "suites" / "generic").glob("*.robot")))

    @cached_property
    def suites(self) -> tuple[RobotFile, ...]:
        """Every suite file that is no link: the generic ones once, and each recipe's own."""
        found = sorted((self.root / "suites").rglob("*.robot"))
        return tuple(read_robot_file(path) for path in found if not path.is_symlink())

    @cached_property
    def resources(self) -> tuple[RobotFile, ...]:
        """Every resource file, the shared and those of the recipes."""
        return tuple(
            read_robot_file(path)
            for place in ("resources", "recipes")
            for path in sorted((self.root / place).rglob("*.resource"))
        )

    @cached_property
    def libraries(self) -> tuple[Path, ...]:
        """The keyword libraries' modules: the shared ones, and those beside a recipe's keywords."""
        # A library is named for its class; a module in small letters is what one stands on.
        places = ("libraries/[A-Z]*.py", "recipes/*/[A-Z]*.py")
        return tuple(path for place in places for path in sorted(self.root.glob(place)))

    def own_suites(self, recipe: str) -> tuple[RobotFile, ...]:
        """The recipe's own suite files, links left out."""
        folder = self.root / "suites" / recipe
        return tuple(file for file in self.suites if file.path.parent == folder)

    def recipe_file(self, recipe: str, name: str) -> Path:
        """The path of a file beside recipe.toml."""
        return self.root / "recipes" / recipe / name


def _folders(place: Path) -> tuple[str, ...]:
    if not place.is_dir():
        return ()
    names = (item.name for item in place.iterdir() if item.is_dir())
    return tuple(sorted(name for name in names if not name.startswith((".", "_"))))
