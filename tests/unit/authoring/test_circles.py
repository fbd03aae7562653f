"""Packages of ccci in a circle are found, with the import that closes it."""

from pathlib import Path

import pytest

from ccci.authoring.circles import check_circles, circles
from ccci.authoring.project import Project
from ccci.project import PROJECT

FILES = {
    "ccci/errors.py": "class CcciError(Exception): ...\n",
    "ccci/deploy/driver.py": "from ccci.errors import CcciError\n",
    "ccci/run/run.py": "import ccci.deploy.driver\nfrom ccci.deploy import driver\n",
    "ccci/loop/poller.py": "from ccci import run\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def found(root: Path) -> list[str]:
    return [str(finding) for finding in check_circles(Project(root))]


def test_packages_in_layers_are_no_finding(root: Path) -> None:
    assert found(root) == []


def test_modules_of_one_package_may_import_each_other(root: Path) -> None:
    (root / "ccci/run/steps.py").write_text("from ccci.run.run import Run\n")
    assert found(root) == []


def test_a_circle_of_two_is_told_at_its_thinnest_arrow(root: Path) -> None:
    (root / "ccci/deploy/driver.py").write_text("\ndef a():\n    from ccci.run.run import Run\n")
    assert found(root) == [
        "ccci/deploy/driver.py:3: layering: 'ccci.run.run.Run' closes a circle of packages, "
        "deploy -> run -> deploy (see also ccci/run/run.py:1). Move what both need into the lower "
        "one, or into one below both."
    ]


def test_a_longer_circle_is_told_once(root: Path) -> None:
    (root / "ccci/deploy/driver.py").write_text("import ccci.loop.poller\n")
    told = found(root)
    assert len(told) == 1
    assert "deploy -> loop -> run -> deploy" in told[0]
    assert told[0].startswith("ccci/deploy/driver.py:1")


def test_the_top_of_ccci_knows_nothing(root: Path) -> None:
    (root / "ccci/errors.py").write_text("\nfrom ccci.node.state import state_dir\n")
    told = found(root)
    assert told == [
        "ccci/errors.py:2: layering: 'ccci.node.state.state_dir' is imported at the top of ccci; "
        "what all packages use may know nothing of them. Move it into a package, or 'node' to "
        "the top."
    ]


def test_each_circle_is_returned_once() -> None:
    arrows = {"a": {"b": 1}, "b": {"a": 1, "c": 1}, "c": {"d": 1}, "d": {"c": 1}, "e": {"a": 1}}
    assert circles(arrows) == [["a", "b"], ["c", "d"]]


def test_this_project_has_none() -> None:
    assert found(PROJECT) == []
