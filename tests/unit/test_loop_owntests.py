"""Tests of a recipe's own repository, beside this project's suite for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from loop.fetching import Refused
from loop.owntests import has_own_tests, with_own_tests

PROJECT = Path(__file__).resolve().parents[2]
SUITE = PROJECT / "suites" / "custom-html"
OWN = """\
*** Settings ***
Resource    lifecycle.resource
Suite Setup    Use The Head Deployment

*** Test Cases ***
Our Own Promise Holds
    Log    seen
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "cc-ci"
    folder.mkdir(parents=True)
    (folder / "2__functional_own.robot").write_text(OWN)
    return folder.parent


def test_both_are_one_suite_in_the_order_of_their_names(checkout: Path, tmp_path: Path) -> None:
    assert has_own_tests(checkout)
    made = with_own_tests(SUITE, checkout, tmp_path / "suites" / "custom-html")
    output = tmp_path / "output.xml"
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--dryrun", "--output", str(output), "--log", "NONE",
         "--report", "NONE", str(made)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    text = " ".join(line for line in done.stdout.splitlines() if line.startswith("Custom-Html."))
    order = ("Functional ::", "Functional Own", "Browser")
    places = [text.index(f"Custom-Html.{name}") for name in order]
    assert places == sorted(places), text


def test_a_repository_without_such_tests_has_none(tmp_path: Path) -> None:
    (tmp_path / "cc-ci").mkdir()
    (tmp_path / "cc-ci" / "README.md").write_text("none")
    assert not has_own_tests(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("1__install.robot", "this project has a file of that name"),
        ("__init__.robot", "this project has a file of that name"),
        ("own.robot", "must begin with a number and a stage"),
    ],
)
def test_a_name_that_hides_or_says_nothing_is_refused(
    checkout: Path, tmp_path: Path, name: str, words: str
) -> None:
    (checkout / "cc-ci" / name).write_text(OWN)
    with pytest.raises(Refused, match=words):
        with_own_tests(SUITE, checkout, tmp_path / "custom-html")
