"""The tests of each suite by name, in `tests.txt` beside its files: one that goes is seen."""

from collections.abc import Iterator

from ccci.authoring.project import Project
from ccci.authoring.robotfile import read_robot_file
from ccci.errors import Misuse
from ccci.recipe.config import config_path, load_recipe_config
from ccci.results.pinned_tests import PINNED_FILE, Pinned, pinned_text


def pinned_files(project: Project) -> dict[str, str]:
    """Return the path of each `tests.txt`, relative to the project, and its content."""
    found = {}
    for name in (*project.suite_folders, "generic"):
        if (project.root / "suites" / name).is_dir():
            text = pinned_text(_tests(project, name), _opted_out(project, name))
            found[f"suites/{name}/{PINNED_FILE}"] = text
    return found


def _tests(project: Project, suite: str) -> Iterator[Pinned]:
    for path in sorted((project.root / "suites" / suite).glob("*.robot")):
        if path.stem != "__init__" and path.exists():
            yield from (Pinned(path.stem, test.name) for test in read_robot_file(path).tests)


def _opted_out(project: Project, recipe: str) -> list[str]:
    path = config_path(project.root, recipe)
    try:
        return [str(stage) for stage in load_recipe_config(path).opt_out]
    except Misuse:
        return []  # `make check` names the defect with its line.
