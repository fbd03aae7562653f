"""The last test of a stage is there without a line in the suite file."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from robot.api import ExecutionResult

from ccci.bridge import publishing
from ccci.bridge.listening import LAST_KEYWORDS, LAST_TEST, Listener
from ccci.bridge.session import session
from ccci.project import PROJECT
from ccci.results.reasons import NOT_BEGUN

LIBRARY = f"""\
from robot.api.deco import keyword
from ccci.bridge.listening import Listener

class begins:
    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_LIBRARY_LISTENER = Listener()

    @keyword("{LAST_KEYWORDS[0]}")
    def first(self): pass

    @keyword("{LAST_KEYWORDS[1]}")
    def second(self): raise AssertionError("It answers for the sentinel.")
"""
SUITE = """\
*** Settings ***
Library    ../begins.py
*** Test Cases ***
A Visitor Reads The Page
    No Operation
"""


def test_each_stage_but_the_last_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "begins.py").write_text(LIBRARY)
    shop = tmp_path / "shop"
    shop.mkdir()
    # As in a run: the folder's own file and each file in it use the library.
    (shop / "__init__.robot").write_text("*** Settings ***\nLibrary    ../begins.py\n")
    for name in ("1__install", "2_1__functional", "2__functional", "7__teardown"):
        (shop / f"{name}.robot").write_text(SUITE)
    subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", tmp_path / "out", "--log", "none",
         "--pythonpath", str(PROJECT), shop],
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    suite = ExecutionResult(str(tmp_path / "out" / "output.xml")).suite
    seen = [(one.name, [(t.name, t.status) for t in one.tests]) for one in suite.suites]
    first, last = ("A Visitor Reads The Page", "PASS"), (LAST_TEST, "FAIL")
    assert seen == [
        ("Install", [first, last]), ("Functional", [first, last]), ("Functional", [first, last]),
        ("Teardown", [first]),
    ]  # fmt: skip
    tags = {tag for one in suite.suites for test in one.tests[1:] for tag in test.tags}
    assert tags == {"install", "functional", "generic"}


@pytest.mark.parametrize(
    ("failed", "before", "death", "after"),
    [
        (
            True,
            "was answered 502",
            "a task of app ended",
            "was answered 502\nMeanwhile a task of app ended.",
        ),
        (True, "was answered 404", "", "was answered 404"),
        (False, "", "a task of app ended", ""),
        (True, NOT_BEGUN, "a task of app ended", NOT_BEGUN),
    ],
)
def test_a_failure_tells_that_the_app_has_died(
    monkeypatch: pytest.MonkeyPatch, failed: bool, before: str, death: str, after: str
) -> None:
    watch = SimpleNamespace(newest_death=lambda: death)
    journal = SimpleNamespace(overdue=lambda: "")
    record = SimpleNamespace(journal=journal, credentials=SimpleNamespace(values=list))
    run = SimpleNamespace(record=record)
    monkeypatch.setattr(session, "begun", SimpleNamespace(watch=watch, run=run))
    monkeypatch.setattr(session, "failures", 0)
    monkeypatch.setattr(session, "note_failure", lambda _: None)
    monkeypatch.setattr(publishing, "test_failed", lambda *_: None)
    test = SimpleNamespace(
        failed=failed, message=before, name="A Page", full_name="A Page", end_time=None, tags=set(),
        parent=SimpleNamespace(full_name="Shop.Install"),
    )  # fmt: skip
    monkeypatch.setattr(session, "failed_in", "")
    Listener().end_test(None, test)
    assert test.message == after
    assert session.failed_in == ("install" if failed else "")


def test_the_logs_of_an_app_that_failed_are_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(session, "begun", SimpleNamespace(run=None))
    monkeypatch.setattr(session, "failed_in", "backup")
    monkeypatch.setattr(publishing, "save_service_logs", lambda _, stage: kept.append(stage))
    for _ in range(2):
        session.keep_logs()
    assert kept == ["backup"]
