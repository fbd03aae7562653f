"""A suite that stays green over a defect is a defect itself: recipes broken on purpose.

What is broken in each recipe stands in its `recipes/<recipe>/defects.toml`.
"""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from ccci.project import PROJECT
from ccci.recipe.defects import Defect, load_defects
from tests.lab.suite_runs import broken_recipe, leftovers_of, oldest_release, start_suite

pytestmark = pytest.mark.lab

# The one recipe that is small enough for every run of the project's tests.
QUICK = "custom-html"
RECIPES = sorted(path.parent.name for path in (PROJECT / "recipes").glob("*/recipe.toml"))
LONGEST_RUN_SECONDS = 900


def case(recipe: str, *values: object, name: str, alone: bool = False) -> ParameterSet:
    """Return a test's parameters; those of large recipes are for `make test-all` alone."""
    marks = [] if recipe == QUICK else [pytest.mark.heavy]
    marks += [] if alone else [pytest.mark.side_by_side]
    return pytest.param(recipe, *values, id=name, marks=marks)


DEFECTS = [
    case(recipe, defect, name=f"{recipe}: {defect.name}", alone=defect.alone)
    for recipe in RECIPES
    for defect in load_defects(PROJECT / "recipes" / recipe / "defects.toml").defect
]


@pytest.mark.parametrize(("recipe", "defect"), DEFECTS)
def test_the_suite_turns_red_at_the_right_stage(
    recipe: str, defect: Defect, tmp_path: Path
) -> None:
    source = broken_recipe(tmp_path, recipe, defect)
    stages = [word for stage in (*defect.before, defect.stage) for word in ("--suite", stage)]
    run = start_suite(*stages, "--variable", f"RECIPE_SOURCE:{source}", f"suites/{recipe}")
    assert run.finish(LONGEST_RUN_SECONDS) != 0
    results = run.results(recipe)
    assert results["verdict"] == "failed", run.output
    wanted = {**dict.fromkeys(defect.before, "passed"), defect.stage: "failed"}
    assert {stage: results["stages"][stage] for stage in wanted} == wanted, run.output
    assert defect.message in run.output
    assert leftovers_of(run.stack, run.run_id) == []


@pytest.mark.parametrize("recipe", [case(recipe, name=recipe) for recipe in RECIPES])
def test_releases_may_be_passed_over(recipe: str) -> None:
    """From the oldest release straight to the head, and the data comes along."""
    oldest = oldest_release(recipe)
    run = start_suite(
        "--suite", "upgrade", "--variable", f"UPGRADE_FROM:{oldest}", f"suites/{recipe}"
    )
    assert run.finish(LONGEST_RUN_SECONDS) == 0, run.output
    assert run.results(recipe)["stages"]["upgrade"] == "passed"


def test_an_upgrade_that_does_not_move_is_noticed(tmp_path: Path) -> None:
    """abra says that all is well, and the previous release still runs."""
    abra = tmp_path / "abra"
    real = PROJECT / "lab" / "standins" / "abra"
    # An upgrade is the only deployment over a running app, and so the only one with -f.
    abra.write_text(f'#!/bin/sh\ncase " $* " in *" deploy "*" -f "*) exit 0;; esac\n{real} "$@"\n')
    abra.chmod(0o755)
    run = start_suite("--suite", "upgrade", "suites/custom-html", ABRA=str(abra))
    assert run.finish() != 0
    assert run.results()["stages"]["upgrade"] == "failed"
    assert "Expected the label of the deployed version to be the head's" in run.output
