"""Tests in a recipe's own repository, in `cc-ci/`; they are added to this project's suite."""

from pathlib import Path

from ccci.loop.fetching import Refused

FOLDER = "cc-ci"
NOT_APPROVED = (
    f"The tests in {FOLDER}/ were not run: they are not approved in this project "
    "(`tests` in `[approved]` of recipe.toml)."
)


def has_own_tests(checkout: Path) -> bool:
    """Return whether a recipe's repository has test suites of its own."""
    return any((checkout / FOLDER).glob("*.robot"))


def with_own_tests(suite: Path, checkout: Path, into: Path) -> Path:
    """Make one suite of this project's files for a recipe and the recipe's own.

    Only for a recipe whose tests are approved: Robot runs their code on this machine.

    Args:
        suite: this project's suite for the recipe, or the generic one.
        checkout: the recipe's repository at the commit under test.
        into: the folder to create; it has the name of the recipe.

    Raises:
        Refused: a file of the recipe has the same name as one of this project, or a name that does
            not contain its stage.

    Example:
        >>> with_own_tests(suites / "gitea", checkout, Path("/run/ccci/gitea"))  # doctest: +SKIP
    """
    into.mkdir(parents=True)
    for file in sorted(suite.iterdir()):
        (into / file.name).symlink_to(file.resolve())
    for file in sorted((checkout / FOLDER).glob("*.robot")):
        if (into / file.name).exists():
            raise Refused(f"{FOLDER}/{file.name}: this project has a file of that name. Rename it.")
        if file.name.startswith("_") or "__" not in file.name:
            raise Refused(
                f"{FOLDER}/{file.name}: the name must begin with a number and a stage, as in "
                "2__functional_own.robot."
            )
        (into / file.name).symlink_to(file.resolve())
    return into
