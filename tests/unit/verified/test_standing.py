"""A recipe is never, outdated or verified, by its sources; by the date only where there is one."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ccci.results.store import read_results
from ccci.verified.file import verified_path, write_verified
from ccci.verified.making import verified_of
from ccci.verified.standing import standing_of
from tests.unit.verified.recorded import run_of_shop, small_project

RUN_ON = date(2026, 11, 25)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = small_project(tmp_path)
    results = read_results(run_of_shop(project))
    assert results
    write_verified(verified_path(project, "shop"), verified_of(results, None))
    return project


def test_one_that_was_recorded_is_verified(project: Path) -> None:
    found = standing_of(project, "shop")
    assert (found.word, found.why) == ("verified", "")
    assert found.verified and found.verified.date == RUN_ON


def test_one_that_was_not_is_never(project: Path) -> None:
    verified_path(project, "shop").unlink()
    found = standing_of(project, "shop", RUN_ON)
    assert (found.word, found.why, found.verified) == ("never", "no run was recorded", None)


def test_one_that_was_edited_by_hand_is_never(project: Path) -> None:
    path = verified_path(project, "shop")
    path.write_text(path.read_text().replace("level = 6", "level = 5"))
    found = standing_of(project, "shop")
    assert (found.word, found.verified) == ("never", None)
    assert found.why == "verified.toml is not what `make record` wrote"


def test_it_is_outdated_when_its_tests_have_changed(project: Path) -> None:
    (project / "suites/shop/2__functional.robot").write_text("*** Test Cases ***\n")
    found = standing_of(project, "shop")
    assert (found.word, found.why) == ("outdated", "its tests have changed since")
    assert found.verified


def test_it_is_outdated_after_60_days_for_who_knows_the_date(project: Path) -> None:
    assert standing_of(project, "shop", RUN_ON + timedelta(days=60)).word == "verified"
    found = standing_of(project, "shop", RUN_ON + timedelta(days=61))
    assert (found.word, found.why) == ("outdated", "older than 60 days")
