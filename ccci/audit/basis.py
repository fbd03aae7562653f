"""What decides the findings of an audit, beside the recipe's commit and the defects themselves.

The tests of this recipe, what they are made of, and the code that a run is. Other recipes, and the
programs that only start runs or show results, decide nothing: they may change during an audit.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ccci.recipe.companions import companion_folder
from ccci.recipe.dependencies import plan_in

# Of ccci/: programs, and packages of the audit's own. A trial's key has what is tried.
_PROGRAMS = frozenset({"audit", "authoring", "dashboard", "loop", "matrix", "verified"})
# What decides whether a run noticed something.
_JUDGE = "ccci/audit/running.py"
_NOT_OF_A_RUN = frozenset({"defects.toml", "tests.txt", "verified.toml"})


def hash_of_tests(project: Path, recipe: str) -> str:
    """Return a hash of all files that decide what a recipe's suite notices.

    Args:
        project: the folder with suites/, recipes/, resources/, libraries/ and ccci/.
        recipe: the recipe.

    Raises:
        Misuse: the recipe needs one that is not enrolled.

    Example:
        >>> len(hash_of_tests(PROJECT, "custom-html"))
        16
    """
    return hash_of(path.read_bytes() for path in _files(project, recipe))


def hash_of(parts: Iterable[bytes]) -> str:
    """Return one short hash of several texts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]


def _files(project: Path, recipe: str) -> Iterator[Path]:
    plan = plan_in(project, recipe)
    recipes = sorted({recipe, *plan.recipes})
    folders = [f"suites/{recipe}", "suites/generic", *(f"recipes/{name}" for name in recipes)]
    for folder in (*folders, "libraries"):
        yield from _in(project / folder)
    companions = companion_folder(project, "")
    yield from (path for path in _in(project / "resources") if companions not in path.parents)
    for name in sorted(plan.companions):
        yield from _in(companions / name)
    ccci = project / "ccci"
    yield from (path for path in _in(ccci) if path.relative_to(ccci).parts[0] not in _PROGRAMS)
    if (project / _JUDGE).is_file():
        yield project / _JUDGE


def _in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        kept = path.suffix not in (".md", ".pyc") and path.name not in _NOT_OF_A_RUN
        if kept and path.is_file():
            yield path
