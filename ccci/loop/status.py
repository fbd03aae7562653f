"""The state beside a commit at the forge, and the words that the comment shares with it."""

from typing import Literal

from ccci.loop.findings import Findings, findings_in
from ccci.loop.job_view import JobView
from ccci.loop.quoting import one_line
from ccci.results.store import Verdict
from ccci.stage_names import STAGES

StatusState = Literal["pending", "success", "failure", "error"]

LONGEST_DESCRIPTION = 140
_STATUS_OF_VERDICT: dict[Verdict, StatusState] = {"passed": "success", "failed": "failure"}


def status_of(job: JobView) -> tuple[StatusState, str]:
    """Return the state of the commit and its description, at most 140 characters.

    Example:
        >>> status_of(job)
        ('success', 'passed: 27 of 27 tests, 70 s')
    """
    if job.state in ("queued", "running"):
        words = headline(job, None) + (_failed_so_far(job) if job.state == "running" else "")
        return "pending", one_line(words, LONGEST_DESCRIPTION)
    if job.state != "done":
        words = f"{job.state}: {job.note}" if job.note else job.state
        return "error", one_line(words, LONGEST_DESCRIPTION)
    found = findings_in(job.results, job.commit)
    words = f"{found.verdict}: {_why(found)}".removesuffix(": ")
    return _STATUS_OF_VERDICT.get(found.verdict, "error"), one_line(words, LONGEST_DESCRIPTION)


def headline(job: JobView, found: Findings | None) -> str:
    """Return where a request stands, in a few words.

    Example:
        >>> headline(job, None)
        'running, backup (5 of 7)'
    """
    if found:
        return found.verdict
    if job.state == "queued" and job.position > 0:
        return f"queued, number {job.position} in line"
    if job.state == "running" and job.progress:
        stage = job.progress.stage
        if stage not in STAGES:
            return "running, waits for its share of the node"
        return f"running, {stage} ({STAGES.index(stage) + 1} of {len(STAGES)})"
    return job.state


def _failed_so_far(job: JobView) -> str:
    failed = job.progress.failed if job.progress else 0
    return f", {count(failed, 'test')} failed so far" if failed else ""


def _why(found: Findings) -> str:
    """Return what stands behind a verdict in one line."""
    results = found.results
    if results is None or found.verdict == "incomplete":
        return found.reason
    passed, failed = results.tests.get("passed", 0), results.tests.get("failed", 0)
    if found.verdict == "opted out":
        return "nothing was tested"
    if found.verdict == "passed":
        return f"{passed} of {count(passed + failed, 'test')}, {results.seconds:.0f} s"
    bad = ", ".join(stage for stage in STAGES if results.stages.get(stage) == "failed")
    return f"{bad or 'no stage'}; {failed} of {count(passed + failed, 'test')}"


def count(number: int, thing: str) -> str:
    """Return a number of things.

    Example:
        >>> count(2, "test")
        '2 tests'
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
