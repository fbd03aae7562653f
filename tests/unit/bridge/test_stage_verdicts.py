"""The verdict of a stage is read from messages, which may hold words of the app."""

import pytest
from robot import result as robot

from ccci.bridge.verdicts import executed, stage_verdicts
from ccci.results.store import Verdict

TEARDOWN = "Parent suite teardown failed"
STOPPED = "Test execution stopped due to a fatal error."


def run_of(message: str, teardown: str = "") -> robot.TestSuite:
    """Return a run with one test of the functional stage, which failed."""
    whole = robot.TestSuite("Wiki")
    stage = whole.suites.create("Functional", source="2__functional.robot")
    stage.tests.create("Pages Are Kept", status="FAIL", message=message)
    if teardown:
        whole.teardown.config(name="End Run", status="FAIL", message=teardown)
    return whole


@pytest.mark.parametrize(
    ("message", "teardown", "verdict"),
    [
        ("max-age=9 != no-cache", "", "failed"),
        (f"{TEARDOWN}:\nThe node is full.", "The node is full.", "passed"),
        # What the app said stands first.
        (f"{TEARDOWN}, max-age=9 != no-cache", "", "failed"),
        (f"{TEARDOWN}:\nmax-age=9 != no-cache", "The node is full.", "failed"),
        (f"{TEARDOWN}:\nThe node is full. != no-cache", "The node is full.", "failed"),
        (f"1 != 2\n\nAlso parent suite {TEARDOWN[13:]}:\nFull.", "Full.", "failed"),
        (STOPPED, "", "not run"),
        (f"{STOPPED}\n\nAlso parent suite teardown failed:\nFull.", "Full.", "not run"),
        (f"{STOPPED} != no-cache", "", "failed"),
    ],
)
def test_words_of_the_app_make_no_failure_another_one(
    message: str, teardown: str, verdict: Verdict
) -> None:
    run = run_of(message, teardown)
    assert stage_verdicts(run, None)["functional"] == verdict
    assert bool(executed(run)) is (verdict != "not run")
