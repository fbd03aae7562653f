"""Reads the results of a finished run; texts are taken from cleared files only."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ccci.loop import gate
from ccci.results.failed_tests import FailedTest, NotReadable, failed_tests
from ccci.results.reasons import cause_of
from ccci.results.store import RESULTS_FILE, RunResults, Verdict, was_cut_off

XUNIT_FILE = "xunit.xml"


@dataclass(frozen=True)
class Findings:
    """The results of a run.

    Attributes:
        verdict: the verdict of the run; *incomplete* if there are no results, or if they are of
            another commit.
        reason: why it is incomplete, or "".
        results: the content of results.json, or None.
        failed: the tests that did not pass.
        quotable: whether results.json is cleared, so that its texts may be quoted.
        withheld: why some texts are not quoted, or "".
    """

    verdict: Verdict
    reason: str = ""
    results: RunResults | None = None
    failed: tuple[FailedTest, ...] = ()
    quotable: bool = False
    withheld: str = ""


def findings_in(folder: Path | None, commit: str) -> Findings:
    """Return the results of a finished run of a commit.

    Args:
        folder: the folder of its results; None where there is none.
        commit: the full hash of the commit that was to be tested.

    Example:
        >>> findings_in(Path("results/custom-html/latest"), "75826ae...").verdict
        'passed'
    """
    results = _results_in(folder) if folder else None
    if folder is None or results is None:
        return Findings("incomplete", "the run left no results")
    if results.facts.head and results.facts.head != commit:
        return Findings("incomplete", "the results are those of another commit")
    cleared = gate.cleared(folder)
    quotable = cleared.includes(RESULTS_FILE)
    reason = cause_of(results.reason) if quotable or was_cut_off(results) else ""
    failed: tuple[FailedTest, ...] = ()
    withheld = "" if quotable and cleared.includes(XUNIT_FILE) else cleared.reason
    if cleared.includes(XUNIT_FILE):
        try:
            failed = failed_tests(folder / XUNIT_FILE)
        except (OSError, NotReadable) as error:
            withheld = f"{XUNIT_FILE}: {error}."
    return Findings(results.verdict, reason, results, failed, quotable, withheld)


def _results_in(folder: Path) -> RunResults | None:
    try:
        return TypeAdapter(RunResults).validate_json((folder / RESULTS_FILE).read_bytes())
    except (OSError, ValueError):
        return None
