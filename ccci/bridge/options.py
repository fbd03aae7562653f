"""What a run is asked to do, read from the variables of the robot process."""

from pathlib import Path
from typing import Any, Literal, cast

from robot.libraries.BuiltIn import BuiltIn

from ccci.errors import Misuse
from ccci.project import PROJECT
from ccci.recipe.config import check_recipe_name
from ccci.run.run import RunOptions


def run_options() -> RunOptions:
    """Return what the variables of this robot process ask for.

    Raises:
        Misuse: there is no recipe, or a variable has a value that it cannot have.
    """
    folder = Path(variable("SUITE SOURCE", "")).name
    recipe = str(variable("RECIPE", "") or (folder if folder != "generic" else ""))
    if not recipe:
        raise Misuse("No recipe was given: add --variable RECIPE:<name>.")
    check_recipe_name(recipe)
    source = str(variable("RECIPE_SOURCE", ""))
    keep = str(variable("KEEP", "") or "never").lower()
    keep = {"1": "always", "true": "always", "0": "never", "false": "never"}.get(keep, keep)
    if keep not in ("never", "always", "on-failure"):
        raise Misuse(f"KEEP is {keep!r}; it must be 1, 0 or on-failure.")
    return RunOptions(
        recipe=recipe,
        project=PROJECT,
        source=Path(source) if source else None,
        head=str(variable("HEAD", "") or "HEAD"),
        pull_request=_number("PR", "the number of a pull request"),
        upgrade_from=str(variable("UPGRADE_FROM", "")) or None,
        keep=cast(Literal["never", "always", "on-failure"], keep),
        attach=_switch("ATTACH"),
        soak_seconds=_number("SOAK", "a number of seconds"),
        timeout_seconds=_number("TIMEOUT", "a number of seconds"),
        alone=_switch("ALONE"),
    )


def _switch(name: str) -> bool:
    return str(variable(name, "")) not in ("", "0")


def _number(name: str, what: str) -> int:
    text = str(variable(name, "") or "0")
    if not text.isdecimal():
        raise Misuse(f"{name} is {text!r}; it must be {what}.")
    return int(text)


def variable(name: str, default: str) -> Any:
    """Return the value of a Robot variable, or the default where there is none."""
    return BuiltIn().get_variable_value("${" + name + "}", default)
