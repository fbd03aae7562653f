"""Tests of a recipe's own repository, beside this project's suite for it."""

import subprocess
import sys
from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.loop.fetching import Refused
from ccci.loop.owntests import NOT_APPROVED, has_own_tests, with_own_tests
from ccci.loop.preparing import prepare
from ccci.loop.store import Request, Store, Wanted
from ccci.project import PROJECT
from tests.unit.loop.forge_in_memory import ForgeInMemory

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


# A recipe's own word on itself counts for nothing.
CLAIM = 'weight = 1\n\n[approved]\ntests = true\nnode = ["docker-socket"]\n'


@pytest.fixture
def pull_request(tmp_path: Path, checkout: Path) -> tuple[ForgeInMemory, Request]:
    """A pull request that brings tests, and a recipe.toml that approves of them."""
    for place in (checkout, checkout / "recipes" / "demo", checkout / "cc-ci"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "recipe.toml").write_text(CLAIM)
    (checkout / "compose.yml").write_text("services:\n  app:\n    image: nginx:1.26.3\n")
    identity = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")
    for words in (("init", "-b", "main"), ("add", "."), (*identity, "commit", "-m", "x")):
        subprocess.run(["git", *words], cwd=checkout, check=True, capture_output=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.strip()
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout)
    store = Store(tmp_path)
    store.ask(1, "demo", 1, head, "anna", [Wanted("demo", head)])
    request = store.request(1)
    store.close()
    return forge, request


def project_that_says(tests: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of this project with a recipe.toml of its own."""
    project = tmp_path / "project"
    (project / "recipes" / "demo").mkdir(parents=True)
    (project / "recipes" / "demo" / "recipe.toml").write_text(
        f"weight = 1\n\n[approved]\ntests = {tests}\n"
    )
    (project / "suites" / "generic").mkdir(parents=True)
    (project / "suites" / "generic" / "1__install.robot").write_text(OWN)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", project)
    return project


def test_own_tests_of_a_recipe_that_is_approved_are_run(
    pull_request: tuple[ForgeInMemory, Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_that_says("true", tmp_path, monkeypatch)
    forge, request = pull_request
    prepared = prepare(forge.forge(), request, tmp_path / "request")
    names = sorted(file.name for file in prepared.suite.iterdir())
    assert names == ["1__install.robot", "2__functional_own.robot"]
    assert prepared.note == ""


@pytest.mark.parametrize("says", ["false", "nothing"])
def test_own_tests_are_not_run_because_the_pull_request_says_so(
    pull_request: tuple[ForgeInMemory, Request],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
) -> None:
    project = project_that_says("false", tmp_path, monkeypatch)
    if says == "nothing":
        (project / "recipes" / "demo" / "recipe.toml").unlink()
    forge, request = pull_request
    prepared = prepare(forge.forge(), request, tmp_path / "request")
    assert prepared.suite == project / "suites" / "generic"
    assert prepared.note == NOT_APPROVED
