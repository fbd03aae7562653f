"""The commit status on the forge, and the texts that it shares with the comment."""

from typing import Literal

from ccci.loop.findings import Findings, findings_in
from ccci.loop.quoting import one_line
from ccci.loop.request_view import RequestView
from ccci.results.store import Verdict
from ccci.stage_names import STAGES

StatusState = Literal["pending", "success", "failure", "error"]

LONGEST_DESCRIPTION = 140
_STATUS_OF_VERDICT: dict[Verdict, StatusState] = {"passed": "success", "failed": "failure"}


def status_of(request: RequestView) -> tuple[StatusState, str]:
    """Return the commit status and its description, of at most 140 characters.

    Example:
        >>> status_of(request)
        ('success', 'passed: 27 of 27 tests, 70 s')
    """
    if request.state in ("queued", "running"):
        text = headline(request, None) + (
            _failed_so_far(request) if request.state == "running" else ""
        )
        return "pending", one_line(text, LONGEST_DESCRIPTION)
    if request.state != "done":
        text = f"{request.state}: {request.note}" if request.note else request.state
        return "error", one_line(text, LONGEST_DESCRIPTION)
    found = findings_in(request.results, request.commit)
    text = f"{found.verdict}: {_explanation(found)}".removesuffix(": ")
    return _STATUS_OF_VERDICT.get(found.verdict, "error"), one_line(text, LONGEST_DESCRIPTION)


def headline(request: RequestView, found: Findings | None) -> str:
    """Return the state of a request in a few words.

    Example:
        >>> headline(request, None)
        'running, backup (5 of 7)'
    """
    if found:
        return found.verdict
    if request.state == "queued" and request.position > 0:
        return f"queued, number {request.position} in the queue"
    if request.state == "running" and request.progress:
        stage = request.progress.stage
        if stage not in STAGES:
            return "running, waiting for free places on the node"
        return f"running, {stage} ({STAGES.index(stage) + 1} of {len(STAGES)})"
    return request.state


def _failed_so_far(request: RequestView) -> str:
    failed = request.progress.failed if request.progress else 0
    return f", {count(failed, 'test')} failed so far" if failed else ""


def _explanation(found: Findings) -> str:
    """Return one line that explains a verdict."""
    results = found.results
    if results is None or found.verdict == "incomplete":
        return found.reason
    passed, failed = results.tests.get("passed", 0), results.tests.get("failed", 0)
    if found.verdict == "opted out":
        left_out = ", ".join(stage for stage in STAGES if results.stages.get(stage) == "opted out")
        return f"the recipe opted out of {left_out or 'everything'}"
    if found.verdict == "passed":
        return f"{passed} of {count(passed + failed, 'test')}, {results.seconds:.0f} s"
    stages = ", ".join(stage for stage in STAGES if results.stages.get(stage) == "failed")
    return f"{stages or 'no stage'}; {failed} of {count(passed + failed, 'test')}"


def count(number: int, thing: str) -> str:
    """Return a number with its noun.

    Example:
        >>> count(2, "test")
        '2 tests'
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
