"""The verdict of each stage, read from Robot's results."""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from robot.result import TestCase, TestSuite

from ccci.bridge.origins import is_incomplete, was_not_begun
from ccci.results.pinned_tests import Pinned, stage_of_file
from ccci.results.store import Verdict, worst
from ccci.stage_names import STAGES

# A run without any of them has not shown that the app keeps its data.
_DATA_STAGES = ("restart", "backup", "upgrade")
# `End Run` fails only because of the node; Robot then lets every test of the run fail.
_RUN_DID_NOT_END = "Parent suite teardown failed:\n"


def stage_verdicts(
    suite: TestSuite,
    disturbed_at: datetime | None,
    opted_out: Collection[str] = (),
    missing: Collection[Pinned] = (),
) -> dict[str, Verdict]:
    """Return stage to verdict, for every stage.

    Args:
        suite: the results of the whole run.
        disturbed_at: from when on a failure says nothing about the recipe; None if nothing did.
        opted_out: the stages that the recipe opted out of.
        missing: tests that a full run must have, and that were not run.

    Example:
        ``stage_verdicts(ExecutionResult("output.xml").suite, None)["backup"]``
    """
    found: dict[str, Verdict] = {}
    for stage in STAGES:
        verdicts = [
            _verdict_of(test, suite, disturbed_at, stage in opted_out)
            for test in suite.all_tests
            if stage_of(test) == stage
        ]
        if verdicts and any(one.stage == stage for one in missing):
            verdicts.append("not run")
        found[stage] = "not run" if set(verdicts) <= {"not run"} else worst(verdicts)
    return found


def whole_verdict(stages: Mapping[str, Verdict], claimed: Collection[str]) -> Verdict:
    """Return the verdict of a run from those of its stages.

    A run that opted out of every stage in which data could be lost has not passed.

    Args:
        stages: stage to verdict.
        claimed: the stages that the suite has.
    """
    whole = worst([stages[stage] for stage in claimed])
    if whole == "passed" and all(stages[stage] == "opted out" for stage in _DATA_STAGES):
        return "opted out"
    return whole


def executed(suite: TestSuite, opted_out: Collection[str] = ()) -> set[Pinned]:
    """Return the tests that were run to a verdict, or whose stage the recipe opted out of."""
    return {
        _pinned(test)
        for test in suite.all_tests
        if stage_of(test) in opted_out or not (test.skipped or was_not_begun(test))
    }


def passed_tests(suite: TestSuite) -> list[str]:
    """Return the tests that passed, as `tests.txt` names them, in their order."""
    return [str(_pinned(test)) for test in suite.all_tests if test.passed]


def first_incomplete(suite: TestSuite, disturbed_at: datetime | None) -> str:
    """Return the first two lines of the first message that made a test incomplete; "" if none."""
    for test in suite.all_tests:
        if _verdict_of(test, suite, disturbed_at, opted_out=False) == "incomplete":
            return " ".join(str(test.message).splitlines()[:2])
    if suite.has_teardown and suite.teardown.failed:
        return " ".join(str(suite.teardown.message).splitlines()[:2])
    return ""


def stage_of(test: TestCase) -> str:
    """Return the stage that the name of a test's file states."""
    return stage_of_file(Path(str(test.source)).stem)


def _pinned(test: TestCase) -> Pinned:
    return Pinned(Path(str(test.source)).stem, test.name)


def _verdict_of(
    test: TestCase, run: TestSuite, disturbed_at: datetime | None, opted_out: bool
) -> Verdict:
    if test.skipped:
        return "opted out" if opted_out else "not run"
    if was_not_begun(test):
        return "not run"
    if test.passed or _failed_by_teardown(test, run):
        return "passed"
    late = disturbed_at and test.end_time and test.end_time >= disturbed_at
    return "incomplete" if late or is_incomplete(test.message) else "failed"


def _failed_by_teardown(test: TestCase, run: TestSuite) -> bool:
    """Return whether a test passed, and Robot made it fail because the run's teardown did.

    Compared in full: a message may begin with words of the app.
    """
    its = run.teardown.message if run.has_teardown and run.teardown.failed else None
    return its is not None and test.message == f"{_RUN_DID_NOT_END}{its}"
