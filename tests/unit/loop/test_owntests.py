"""A recipe's own tests are added to this project's suite."""

import subprocess
import sys
from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.loop.fetching import Refused
from ccci.loop.owntests import NOT_APPROVED, has_own_tests, with_own_tests
from ccci.loop.preparing import prepare
from ccci.loop.store import RecipeCommit, Request, Store
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


def test_own_tests_run_in_the_same_suite_ordered_by_name(checkout: Path, tmp_path: Path) -> None:
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


def test_a_folder_without_robot_files_has_no_own_tests(tmp_path: Path) -> None:
    (tmp_path / "cc-ci").mkdir()
    (tmp_path / "cc-ci" / "README.md").write_text("none")
    assert not has_own_tests(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1__install.robot", "this project has a file of that name"),
        ("__init__.robot", "this project has a file of that name"),
        ("own.robot", "must begin with a number and a stage"),
    ],
)
def test_a_file_name_that_is_taken_or_has_no_stage_is_refused(
    checkout: Path, tmp_path: Path, name: str, message: str
) -> None:
    (checkout / "cc-ci" / name).write_text(OWN)
    with pytest.raises(Refused, match=message):
        with_own_tests(SUITE, checkout, tmp_path / "custom-html")


# An approval in the recipe's own repository has no effect.
CLAIM = 'weight = 1\n\n[approved]\ntests = true\nnode = ["docker-socket"]\n'


@pytest.fixture
def pull_request(tmp_path: Path, checkout: Path) -> tuple[ForgeInMemory, Request]:
    """A pull request with tests, and with a recipe.toml that approves them."""
    for place in (checkout, checkout / "recipes" / "demo", checkout / "cc-ci"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "recipe.toml").write_text(CLAIM)
    (checkout / "compose.yml").write_text("services:\n  app:\n    image: nginx:1.26.3\n")
    identity = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")
    for arguments in (("init", "-b", "main"), ("add", "."), (*identity, "commit", "-m", "x")):
        subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.strip()
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout)
    store = Store(tmp_path)
    store.queue(1, "demo", 1, commit, "anna", [RecipeCommit("demo", commit)])
    request = store.request(1)
    store.close()
    return forge, request


def project_with(tests: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose recipe.toml has this value of `tests`."""
    project = tmp_path / "project"
    (project / "recipes" / "demo").mkdir(parents=True)
    (project / "recipes" / "demo" / "recipe.toml").write_text(
        f"weight = 1\n\n[approved]\ntests = {tests}\n"
    )
    (project / "suites" / "generic").mkdir(parents=True)
    (project / "suites" / "generic" / "1__install.robot").write_text(OWN)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", project)
    return project


def test_own_tests_run_if_this_project_approves_them(
    pull_request: tuple[ForgeInMemory, Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_with("true", tmp_path, monkeypatch)
    forge, request = pull_request
    prepared = prepare(forge.forge(), request, tmp_path / "request")
    names = sorted(file.name for file in prepared.suite.iterdir())
    assert names == ["1__install.robot", "2__functional_own.robot"]
    assert prepared.note == ""


@pytest.mark.parametrize("approval", ["false", "missing"])
def test_an_approval_in_the_pull_request_does_not_make_own_tests_run(
    pull_request: tuple[ForgeInMemory, Request],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    approval: str,
) -> None:
    project = project_with("false", tmp_path, monkeypatch)
    if approval == "missing":
        (project / "recipes" / "demo" / "recipe.toml").unlink()
    forge, request = pull_request
    prepared = prepare(forge.forge(), request, tmp_path / "request")
    assert prepared.suite == project / "suites" / "generic"
    assert prepared.note == NOT_APPROVED
