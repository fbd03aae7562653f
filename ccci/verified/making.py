"""What is recorded of a run that passed, and of the newest audit of the same commit."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from ccci.audit.record import Finding, Record, audit_folder, read_record
from ccci.errors import Misuse
from ccci.printable import printable
from ccci.project import PROJECT
from ccci.results.clearance import read_clearance
from ccci.results.levels import level_of
from ccci.results.store import RunResults
from ccci.verified.file import (
    Audited,
    Image,
    SleptThrough,
    Verified,
    load_verified,
    verified_path,
)

# What an audit quotes of a run stands there.
_QUOTED_FILE = "xunit.xml"


def verified_of(results: RunResults, audit: Audited | None) -> Verified:
    """Return what is recorded of a run.

    Raises:
        Misuse: a value of results.json cannot be; the sentence names it.
    """
    facts = results.facts
    upgraded = results.stages.get("upgrade") == "passed"
    try:
        return Verified(
            recipe=facts.recipe,
            run=facts.run_id,
            date=datetime.fromisoformat(facts.started).date(),
            head=facts.head,
            release=facts.head_release,
            version=facts.head_version,
            app_version=facts.head_version.partition("+")[2],
            upgraded_from=facts.upgraded_from if upgraded else "",
            abra=facts.abra,
            level=level_of(asdict(results)),
            seconds=round(results.seconds - facts.waited_seconds, 1),
            peak_memory_bytes=results.peak_memory_bytes,
            suite=facts.suite,
            tests=results.passed_tests,
            image=[Image(**asdict(image)) for image in facts.images],
            audit=audit,
        )
    except ValueError as error:
        # Pydantic's errors are ValueErrors, too; their first two lines name the key.
        said = " ".join(str(error).splitlines()[1:3]) or str(error)
        raise Misuse(
            f"The results of {facts.run_id} cannot be recorded: {said}. "
            f"Run 'make run RECIPE={facts.recipe}' again."
        ) from None


def audited(project: Path, recipe: str, head: str) -> tuple[Audited | None, str]:
    """Return the newest audit of a recipe, or None and why it is not recorded.

    Args:
        project: the folder with results/.
        recipe: the recipe.
        head: the commit that is recorded; an audit of another one says nothing of it.

    Example:
        ``audited(PROJECT, "gitea", head)`` -> ``(None, "it is not complete")``
    """
    folder = audit_folder(project, recipe)
    record = read_record(folder)
    if record is None:
        return None, "there is none"
    if not record.is_complete:
        return None, "it is not complete"
    if record.head != head:
        return None, f"it is of commit {record.head[:7]}"
    return _audited(record, folder), ""


def recorded_before(project: Path, recipe: str, head: str) -> Audited | None:
    """Return the audit of this commit that is on record, or None.

    The results of audits are not kept for ever, and on another machine there are none.
    """
    try:
        before = load_verified(verified_path(project, recipe))
    except (Misuse, FileNotFoundError):
        return None
    return before.audit if before.head == head else None


def _audited(record: Record, folder: Path) -> Audited:
    slept = [SleptThrough(defect=one.name, said=_said(one, folder)) for one in record.slept_through]
    return Audited(
        date=datetime.fromisoformat(record.started).date(),
        caught=len(record.counted) - len(slept),
        defects=len(record.counted),
        slept_through=slept,
    )


def _said(finding: Finding, folder: Path) -> str:
    """Return the first line of what a run said, unless a credential may be in it."""
    if not finding.run or _QUOTED_FILE not in read_clearance(folder / finding.run).cleared:
        return "not shown: it was not searched for credentials"
    # A path of this machine says nothing to others.
    line = printable(finding.said.replace(f"{PROJECT}/", ""))
    return line or "nothing was noticed"
