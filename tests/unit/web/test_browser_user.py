"""Chromium is not root and has its sandbox where the machine lets it; else it is said why."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.project import PROJECT
from ccci.web import browser_user
from ccci.web.browser_user import Confinement, confinement
from tests.unit.web.small_app import running

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    confinement.cache_clear()
    yield
    confinement.cache_clear()


def test_the_browser_is_confined_and_works(tmp_path: Path) -> None:
    with running(tmp_path) as app:
        done = subprocess.run(
            [sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "out"),
             "--variable", f"URL:{app.url}",
             "--variable", f"SERVER:{app.server.model_dump_json()}",
             str(HERE / "confined_browser")],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_machine_without_the_user_is_told_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_user, "USER", "nobody-has-this-name")
    found = confinement()
    if os.geteuid() == 0:
        assert (found.user, found.sandbox) == ("", False)
        assert "no user nobody-has-this-name" in str(found)
        assert "make setup" in found.remedy


def test_a_machine_without_user_namespaces_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(browser_user, "as_user", lambda user: ["env", f"PATH={tmp_path}:/usr/bin"])
    found = confinement()
    assert not found.sandbox
    assert found.why_not.startswith("this machine refuses user namespaces (unshare: Operation not")
    assert "user.max_user_namespaces" in found.remedy


def test_the_log_says_how_the_browser_runs() -> None:
    assert str(Confinement("ccci-browser", True)) == (
        "Chromium runs as ccci-browser, with its sandbox"
    )
    assert str(Confinement("ccci-browser", False, "it is so")) == (
        "Chromium runs as ccci-browser, without its sandbox: it is so"
    )
