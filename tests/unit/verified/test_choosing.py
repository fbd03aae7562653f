"""Only a full run that passed is recorded, of the recipe's own head and its tests as they are."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ccci.errors import Misuse
from ccci.results.store import RESULTS_FILE
from ccci.verified import choosing
from ccci.verified.choosing import choose_run, own_head
from tests.guestbook_recipe import git, guestbook
from tests.unit.dashboard.past_results import COMMIT
from tests.unit.verified.recorded import run_of_shop, small_project

HOUR = timedelta(hours=1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path)


def chosen(project: Path) -> str:
    return choose_run(project, "shop", COMMIT).results.facts.run_id


def refusal(project: Path) -> str:
    with pytest.raises(Misuse) as refused:
        choose_run(project, "shop", COMMIT)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_newest_run_that_passed_is_chosen_and_the_newer_ones_are_told(project: Path) -> None:
    run_of_shop(project, ago=3 * HOUR)
    green = run_of_shop(project, ago=2 * HOUR)
    red = run_of_shop(project, "ppppfpp", ago=HOUR)
    found = choose_run(project, "shop", COMMIT)
    assert found.results.facts.run_id == green.name
    assert [(one.run, one.why) for one in found.passed_over] == [
        (red.name, "its verdict is failed")
    ]


def test_no_run(project: Path) -> None:
    assert refusal(project) == ("There is no run of shop to record. Run 'make run RECIPE=shop'.")


@pytest.mark.parametrize(
    ("stages", "facts", "why"),
    [
        ("ppppfpp", {}, "its verdict is failed"),
        ("pp-----", {}, "its verdict is incomplete"),
        ("ppooooo", {"verdict": "opted out"}, "its verdict is opted out"),
        ("pp-pppp", {"verdict": "passed"}, "stages were not run: browser"),
        ("ppppppp", {"pull_request": 12}, "it tested pull request 12"),
        ("ppppppp", {"own_copy": False}, "it tested another repository"),
        ("ppppppp", {"head": "75826ae" + 33 * "0"}, "it tested commit 75826ae, and the recipe is"),
        ("ppppppp", {"suite": 16 * "0"}, "the tests of the recipe have changed"),
        ("ppppppp", {"images": []}, "it does not say which images"),
        ("ppppppp", {"suite": ""}, "it does not say which images and tests"),
        ("ppppppp", {"head_version": ""}, "it does not say which images and tests"),
    ],
)
def test_a_run_that_says_nothing_of_the_recipe_as_it_is(
    project: Path, stages: str, facts: dict[str, Any], why: str
) -> None:
    run = run_of_shop(project, stages, **facts)
    told = refusal(project)
    assert f"The newest, {run.name}, cannot: " in told
    assert why in told
    assert told.endswith("Run 'make run RECIPE=shop'; it must pass.")


def test_the_reason_of_an_incomplete_run_is_told(project: Path) -> None:
    run_of_shop(project, "iiiiiii", reason="The disk is full.")
    assert "its verdict is incomplete (The disk is full.)" in refusal(project)


def test_tests_that_change_after_the_run_make_it_unfit(project: Path) -> None:
    run_of_shop(project)
    assert chosen(project)
    (project / "recipes/shop/recipe.toml").write_text("weight = 2\n")
    assert "the tests of the recipe have changed since it began" in refusal(project)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is of an unknown shape"),
        ("[]", "is of an unknown shape"),
        ('{"facts": {"run_id": "1"}}', r"is of an unknown shape (facts.recipe: "),
    ],
)
def test_results_of_an_unknown_shape(project: Path, content: str, why: str) -> None:
    run = run_of_shop(project)
    (run / RESULTS_FILE).write_text(content)
    assert why in refusal(project)


def test_an_image_of_an_unknown_origin_is_an_unknown_shape(project: Path) -> None:
    run = run_of_shop(project)
    found = json.loads((run / RESULTS_FILE).read_text())
    found["facts"]["images"][0]["origin"] = "official"
    (run / RESULTS_FILE).write_text(json.dumps(found))
    assert "is of an unknown shape (facts.images.0.origin: " in refusal(project)


def test_a_run_of_another_recipe_in_its_folder(project: Path) -> None:
    run = run_of_shop(project)
    found = json.loads((run / RESULTS_FILE).read_text())
    found["facts"]["recipe"] = "bank"
    (run / RESULTS_FILE).write_text(json.dumps(found))
    assert "it is a run of bank" in refusal(project)


def test_the_own_head_is_what_the_servers_copy_has_checked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes/guestbook").mkdir(parents=True)
    (tmp_path / "recipes/guestbook/recipe.toml").touch()
    (tmp_path / "server").mkdir()
    repository = guestbook(tmp_path / "server")
    monkeypatch.setattr(choosing, "operators_recipes", lambda: tmp_path / "server")
    head = own_head(tmp_path, "guestbook")
    git("checkout", "--quiet", "1.0.0+1.22.1", at=repository)
    assert own_head(tmp_path, "guestbook") != head
    with pytest.raises(Misuse, match=r"There is no recipes/shop/ to record a run in"):
        own_head(tmp_path, "shop")
