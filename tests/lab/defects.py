"""Recipes broken on purpose: a suite that stays green over a defect is a defect itself."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.suite_runs import changed_recipe, leftovers_of, start_suite

_LONGEST_RUN_SECONDS = 900


@dataclass(frozen=True)
class Defect:
    """One thing broken in a recipe's head, and the stage that must notice it.

    Attributes:
        name: what is broken, in words.
        change: from the file's text to the broken one.
        stage: the stage that must turn red.
        message: part of the failure's message; never of a test's name, which is always printed.
        before: stages that run first and stay green.
        file: the file that is changed.
    """

    name: str
    change: Callable[[str], str]
    stage: str
    message: str
    before: tuple[str, ...] = ()
    file: str = "compose.yml"


def replaced(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Return a change of pieces of text, each of which must be there."""

    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, f"{old!r} is not in the file"
            text = text.replace(old, new)
        return text

    return change


def without(*words: str) -> Callable[[str], str]:
    """Return a change that drops the lines with a word."""
    return lambda text: "".join(
        line for line in text.splitlines(True) if not any(word in line for word in words)
    )


def the_suite_turns_red_over(defect: Defect, recipe: str, folder: Path) -> None:
    """Break a copy of a recipe, run its suite on it, and fail unless the right stage says why.

    Args:
        defect: what is broken, and where it must be noticed.
        recipe: the recipe.
        folder: where the copy is made.
    """
    source = changed_recipe(folder, defect.change, recipe=recipe, file=defect.file)
    stages = [word for stage in (*defect.before, defect.stage) for word in ("--suite", stage)]
    run = start_suite(*stages, "--variable", f"RECIPE_SOURCE:{source}", f"suites/{recipe}")
    assert run.finish(_LONGEST_RUN_SECONDS) != 0
    results = run.results(recipe)
    assert results["verdict"] == "failed", run.output
    wanted = {**dict.fromkeys(defect.before, "passed"), defect.stage: "failed"}
    assert {stage: results["stages"][stage] for stage in wanted} == wanted, run.output
    assert defect.message in run.output
    assert leftovers_of(run.stack, run.run_id) == []
