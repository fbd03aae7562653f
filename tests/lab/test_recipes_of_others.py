"""Recipes as others write them: not enrolled, with the traits of public ones; with other names."""

from pathlib import Path

import pytest

from ccci.project import PROJECT
from ccci.recipe.checkout import check_out
from ccci.recipe.config import RecipeConfig, config_path, load_recipe_config
from ccci.recipe.fit import compare
from ccci.recipe.offered import read_offered
from tests.guestbook_recipe import guestbook
from tests.lab.suite_runs import LAB_RECIPES, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

STAGES = ("install", "restart", "backup", "upgrade", "teardown")


def test_the_generic_stages_pass_on_the_traits_of_public_recipes(tmp_path: Path) -> None:
    """Two releases, overlays in folders, labels on two services, one service at no replicas."""
    source = guestbook(tmp_path)
    run = start_suite(
        *("--variable", "RECIPE:guestbook", "--variable", f"RECIPE_SOURCE:{source}"),
        "suites/generic",
    )
    assert run.finish(900) == 0, run.output
    found = run.results("guestbook")
    assert {stage: found["stages"][stage] for stage in STAGES} == dict.fromkeys(STAGES, "passed")
    assert leftovers_of(run.stack, run.run_id) == []


def test_sign_in_follows_the_names_of_the_head(tmp_path: Path) -> None:
    """The first release of matrix-synapse has another overlay, other settings, another secret."""
    recipe = LAB_RECIPES / "matrix-synapse"
    first = check_out("matrix-synapse", recipe, tmp_path / "copy").releases[0]
    config = load_recipe_config(config_path(PROJECT, "matrix-synapse"))
    used = [wiring_at(recipe, tmp_path / commit, commit, config) for commit in (str(first), "HEAD")]
    assert used[0] != used[1], "both have the same names: there is nothing to follow"
    run = start_suite(
        *("--suite", "upgrade", "--variable", f"UPGRADE_FROM:{first}"), "suites/matrix-synapse"
    )
    run.finish(900)
    assert run.results("matrix-synapse")["stages"]["upgrade"] == "passed", run.output
    assert leftovers_of(run.stack, run.run_id) == []


def wiring_at(recipe: Path, into: Path, commit: str, config: RecipeConfig) -> str:
    """Return the overlay by which sign-in is wired at a commit."""
    offered = read_offered(check_out("matrix-synapse", recipe, into, commit).path)
    wiring = compare(config, offered).wiring
    assert wiring and wiring.overlay
    return wiring.overlay
