"""What the results of a run say: its verdict, those of its stages, and why."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from robot.result import TestSuite

from ccci.bridge.verdicts import executed, first_incomplete, stage_verdicts, whole_verdict
from ccci.errors import NodeFailure
from ccci.results.pinned_tests import Pinned, read_pinned, told
from ccci.results.store import RunFacts, Verdict

_OWN_STAGES = ("functional", "browser")


@dataclass(frozen=True, order=True)
class Disturbance:
    """What came between: a failure from then on says nothing about the recipe."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Judgement:
    """The verdict of a run, stage to verdict, and why it is incomplete or failed; "" if neither."""

    verdict: Verdict
    stages: dict[str, Verdict]
    reason: str


def judge(
    suite: TestSuite,
    facts: RunFacts,
    suites: Path,
    disturbed: Disturbance | None = None,
    overdue: str = "",
    gone: str = "",
) -> Judgement:
    """Return what the results of a run say.

    Args:
        suite: Robot's results.
        facts: what was run.
        suites: the folder with the suites, whose tests are pinned there.
        disturbed: what came between first.
        overdue: why the run was ended for its length, the recipe's fault; "" if it was not.
        gone: why nothing can be said of the recipe, whatever passed.
    """
    since = disturbed.at if disturbed else None
    pinned, problem = _pinned(suites / ("generic" if facts.generic else facts.recipe))
    # What a recipe opts out of is not pinned in its suite; the generic suite is that of them all.
    ran = executed(suite, facts.opt_outs if facts.generic else ())
    missing = [test for test in pinned if test not in ran]
    stages = stage_verdicts(suite, since, facts.opt_outs, missing)
    if facts.opt_outs.get("browser") and stages["browser"] == "not run":
        stages["browser"] = "opted out"
    # Generic suites have no tests of the app itself, and no verdict on them.
    claimed = [stage for stage in stages if not (facts.generic and stage in _OWN_STAGES)]
    verdict = "failed" if overdue and not disturbed else whole_verdict(stages, claimed)
    end_failed = suite.has_teardown and suite.teardown.failed
    if verdict != "failed" and (gone or problem or missing or end_failed):
        verdict = "incomplete"
    not_run = [stage for stage, one in stages.items() if one == "not run"]
    reasons = (
        disturbed.reason if disturbed else gone,
        overdue,
        first_incomplete(suite, since),
        problem,
        f"not run: {', '.join(not_run)}" if not_run else "",
        told(missing, len(pinned)),
    )
    return Judgement(verdict, stages, next(filter(None, reasons), ""))


def _pinned(suite: Path) -> tuple[list[Pinned], str]:
    """Return the tests that a suite must have, or why nobody knows them."""
    try:
        return read_pinned(suite), ""
    except NodeFailure as error:
        return [], str(error)
