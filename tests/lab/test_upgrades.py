"""Upgrades over several releases, and one that does not move."""

from pathlib import Path

import pytest

from ccci.project import PROJECT
from tests.lab.suite_runs import oldest_release, start_suite

pytestmark = pytest.mark.lab

# The one recipe that is small enough for every run of the project's tests.
QUICK = "custom-html"
RECIPES = [
    pytest.param(
        recipe,
        marks=[pytest.mark.side_by_side, *([] if recipe == QUICK else [pytest.mark.heavy])],
    )
    for recipe in sorted(path.parent.name for path in (PROJECT / "recipes").glob("*/recipe.toml"))
]
LONGEST_RUN_SECONDS = 900


@pytest.mark.parametrize("recipe", RECIPES)
def test_releases_may_be_passed_over(recipe: str) -> None:
    """From the oldest release straight to the head, and the data comes along."""
    oldest = oldest_release(recipe)
    run = start_suite(
        "--suite", "upgrade", "--variable", f"UPGRADE_FROM:{oldest}", f"suites/{recipe}"
    )
    assert run.finish(LONGEST_RUN_SECONDS) == 0, run.output
    assert run.results(recipe)["stages"]["upgrade"] == "passed"


@pytest.mark.side_by_side
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
