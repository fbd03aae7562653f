"""The generic stages on a recipe that is not enrolled, with the traits of public ones."""

from pathlib import Path

import pytest

from tests.guestbook_recipe import guestbook
from tests.lab.suite_runs import leftovers_of, start_suite

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
