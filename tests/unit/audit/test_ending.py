"""A broken run ends at the failure that its defect tells, and at no other."""

from pathlib import Path

from robot import run_cli
from robot.api import ExecutionResult

from ccci.results.reasons import not_begun_by

SUITE = """\
*** Settings ***
Suite Teardown    Log    torn down
Test Setup        Log    set up

*** Test Cases ***
Another Failure
    Fail    the page is gone

The Failure Of The Defect
    Fail    @mona: not\\n a key; nor a name

What Comes After
    Fail    began
"""
STAGE = """\
*** Settings ***
Suite Setup    Log    prepared

*** Test Cases ***
One
    Log    began
"""


def _messages(folder: Path, words: str) -> list[str]:
    suite = folder / "shop.robot"
    suite.write_text(SUITE)
    listener = f"ccci.audit.ending.Ending:{words}"
    options = ["--outputdir", str(folder), "--listener", listener, "--console", "none"]
    run_cli([*options, str(suite)], exit=False)
    result = ExecutionResult(str(folder / "output.xml"))
    assert result.suite.teardown.passed
    return [test.message for test in result.suite.tests]


def test_the_failure_of_the_defect_ends_the_run(tmp_path: Path) -> None:
    messages = _messages(tmp_path, "@mona: not a key; nor")
    assert messages[0] == "the page is gone"
    assert messages[1].startswith("@mona")
    assert not_begun_by(messages[2])


def test_another_failure_does_not(tmp_path: Path) -> None:
    assert _messages(tmp_path, "@mona: not a lock")[2] == "began"


def test_no_further_stage_is_prepared(tmp_path: Path) -> None:
    later = tmp_path / "stages" / "later.robot"
    later.parent.mkdir()
    (later.parent / "first.robot").write_text(SUITE)
    later.write_text(STAGE)
    listener = "ccci.audit.ending.Ending:a key"
    options = ["--outputdir", str(tmp_path), "--listener", listener, "--console", "none"]
    run_cli([*options, str(later.parent)], exit=False)
    second = ExecutionResult(str(tmp_path / "output.xml")).suite.suites[1]
    assert not_begun_by(second.tests[0].message) and not second.setup
