"""The verdict of each stage, read from Robot's results."""

from datetime import datetime

from robot.result import TestCase, TestSuite

from ccci.bridge.failures import INCOMPLETE
from ccci.results.store import Verdict, worst
from ccci.stage_names import STAGES


def stage_verdicts(suite: TestSuite, interrupted_at: datetime | None) -> dict[str, Verdict]:
    """Return stage to verdict, for every stage.

    Args:
        suite: the results of the whole run.
        interrupted_at: when the run was interrupted; None if it was not.

    Example:
        ``stage_verdicts(ExecutionResult("output.xml").suite, None)["backup"]``
    """
    return {stage: _verdict_of(_tests_of(suite, stage), interrupted_at) for stage in STAGES}


def first_incomplete(suite: TestSuite, interrupted_at: datetime | None) -> str:
    """Return the first two lines of the first message that made a test incomplete; "" if none."""
    for test in suite.all_tests:
        if test.failed and _is_incomplete(test, interrupted_at):
            return " ".join(str(test.message).splitlines()[:2])
    return ""


def _tests_of(suite: TestSuite, stage: str) -> list[TestCase]:
    """The tests in the suite file of a stage, at any depth."""
    return [test for test in suite.all_tests if stage in _suite_names(test)]


def _suite_names(test: TestCase) -> set[str]:
    """The first words of the names of the suites that a test is in, in lower case."""
    names, suite = set(), test.parent
    while suite is not None:
        names.add(suite.name.split(" ")[0].lower())
        suite = suite.parent
    return names


def _verdict_of(tests: list[TestCase], interrupted_at: datetime | None) -> Verdict:
    verdicts: list[Verdict] = []
    for test in tests:
        if test.passed:
            verdicts.append("passed")
        elif test.skipped:
            verdicts.append("opted out")
        else:
            verdicts.append("incomplete" if _is_incomplete(test, interrupted_at) else "failed")
    return worst(verdicts) if verdicts else "not run"


def _is_incomplete(test: TestCase, interrupted_at: datetime | None) -> bool:
    # `End Run` fails only because of the node; as a suite teardown it then fails every test.
    if test.message.startswith("Parent suite teardown failed"):
        return True
    # After an interrupt Robot loads no more libraries, so that no tag can be set there.
    late = interrupted_at and test.end_time and test.end_time >= interrupted_at
    return test.tags.match(INCOMPLETE) or bool(late)
