"""What the pages show about recipes and runs; the layout is in the templates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ccci.audit.record import Record
from ccci.dashboard.formatting import (
    age,
    duration,
    file_name,
    is_stale,
    printable,
    relative_url,
    size,
    timestamp,
)
from ccci.dashboard.logs import LOG, REPORT
from ccci.dashboard.reading import History, PastRun
from ccci.results.levels import HIGHEST, level_name
from ccci.results.reasons import cause_of
from ccci.results.store import NO_CHANGE, RESULTS_FILE, was_cut_off
from ccci.stage_names import STAGES
from ccci.verified.standing import Standing

RUNS_IN_TREND = 20


@dataclass(frozen=True)
class Cell:
    """A stage of a run: its verdict, its duration, and the link to the log ("" without one)."""

    stage: str
    verdict: str
    seconds: str = ""
    href: str = ""


@dataclass(frozen=True)
class Note:
    """A note on a run: what it is about, and the text."""

    about: str
    text: str


@dataclass(frozen=True)
class RunView:
    """A run as a page shows it; the templates escape every text."""

    run_id: str
    verdict: str
    level: int
    level_text: str
    timestamp: str
    iso_time: str
    age: str
    stale: bool
    lab: bool
    generic: bool
    pull_request: int
    commit: str
    release: str
    upgraded_from: str
    abra: str
    duration: str
    seconds: float
    memory: str
    downtime: str
    cells: tuple[Cell, ...]
    notes: tuple[Note, ...]
    log: str
    report: str


@dataclass(frozen=True)
class AuditView:
    """What an audit of a recipe found, as a page shows it.

    Attributes:
        score: how many defects were caught.
        when: when the audit started.
        slept_through: the defects that the suite did not notice.
    """

    score: str
    when: str
    slept_through: tuple[str, ...]


@dataclass(frozen=True)
class VerifiedView:
    """What the last green run that was recorded ran on, as a page shows it.

    Attributes:
        word: *never*, *outdated* or *verified*.
        text: why it is never or outdated, and what was recorded.
        images: each image, with where it came from.
    """

    word: str
    text: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecipeView:
    """A recipe as a page shows it.

    Attributes:
        name: the name of the recipe.
        file: the name of its page, without the extension.
        enrolled: whether this project has a suite for it.
        newest: its newest run, or None.
        runs: all its runs, newest first.
        standing: the run that its badge shows.
        last_full: the newest run with a full verdict, unless it is the newest run.
        without_results: how many runs have no results: still running, or cut off.
        audit: what its newest audit found; None without one.
        verified: what its last recorded run ran on; None where that is not known.
    """

    name: str
    file: str
    enrolled: bool
    newest: RunView | None
    runs: tuple[RunView, ...]
    standing: RunView | None
    last_full: RunView | None
    without_results: int
    audit: AuditView | None
    verified: VerifiedView | None

    @property
    def verdict(self) -> str:
        """The verdict of its newest run, or *no result*."""
        return self.newest.verdict if self.newest else "no result"

    @property
    def trend(self) -> tuple[RunView, ...]:
        """Its last runs, oldest first."""
        return self.runs[RUNS_IN_TREND - 1 :: -1]


def recipe_view(
    history: History,
    path_to_logs: tuple[str, ...],
    now: datetime,
    recorded: Standing | None = None,
) -> RecipeView:
    """Return what a page shows about a recipe.

    Args:
        history: the runs of the recipe.
        path_to_logs: the path from the folder of the pages to that of all logs, in parts.
        now: the present time; ages are relative to it.
        recorded: what was verified of it.
    """
    views = {run.folder: _run_view(run, path_to_logs, now) for run in history.runs}
    # The badge is for the recipe itself, and a pull request is not part of it yet.
    own = [run for run in history.runs if not run.pull_request]
    standing = next(iter(own or history.runs), None)
    full = next((run for run in history.runs if run.has_full_verdict), None)
    newest = next(iter(history.runs), None)
    return RecipeView(
        name=printable(history.recipe),
        file=file_name(history.recipe),
        enrolled=history.enrolled,
        newest=views[newest.folder] if newest else None,
        runs=tuple(views.values()),
        standing=views[standing.folder] if standing else None,
        last_full=views[full.folder] if full and full is not newest else None,
        without_results=history.without_results,
        audit=_audit_view(history.audit) if history.audit else None,
        verified=_verified_view(recorded) if recorded else None,
    )


def verdict_counts(recipes: Iterable[RecipeView]) -> list[tuple[str, int]]:
    """Return how many recipes have which verdict, the worst first."""
    verdicts = [recipe.verdict for recipe in recipes]
    order = ("failed", "unreadable", "incomplete", "opted out", "passed", "no result")
    return [(verdict, verdicts.count(verdict)) for verdict in order if verdict in verdicts]


def level_text(level: int, left_out: Iterable[str]) -> str:
    """Return the name of a level, with the stages that were left out below it.

    Example:
        >>> level_text(5, ["browser"])
        'upgrade, without browser'
    """
    without = ", ".join(left_out)
    return level_name(level) + (f", without {without}" if without else "")


def _audit_view(record: Record) -> AuditView:
    counted, missed = record.counted, record.slept_through
    score = f"{len(counted) - len(missed)} of {len(counted)} defects caught"
    if not record.is_complete:
        score += f"; {max(record.planned - len(counted), 0)} not tried yet"
    # What the runs said is not shown: it has not been searched for credentials.
    return AuditView(score, printable(record.started), tuple(printable(m.name) for m in missed))


def _verified_view(recorded: Standing) -> VerifiedView:
    found = recorded.verified
    if found is None:
        return VerifiedView(recorded.word, recorded.why)
    facts = (
        recorded.why,
        f"{found.date}",
        f"app version {found.app_version}",
        f"images: {found.origins}",
        f"{len(found.tests)} test{'s' if len(found.tests) > 1 else ''}",
        f"level {found.level} of {HIGHEST}",
        found.abra,
    )
    images = (f"{one.name} ({', '.join(one.versions)}): {one.origin}" for one in found.image)
    text = ", ".join(filter(None, facts))
    return VerifiedView(recorded.word, printable(text), tuple(map(printable, images)))


def _run_view(run: PastRun, path_to_logs: tuple[str, ...], now: datetime) -> RunView:
    log, report = (
        relative_url(*path_to_logs, run.recipe, run.folder.name, name)
        if name in run.logs.files
        else ""
        for name in (LOG, REPORT)
    )
    found, started = run.results, run.started
    facts = found.facts if found else None
    seconds = facts.stage_seconds if facts else {}
    return RunView(
        run_id=printable(run.folder.name),
        verdict=run.verdict,
        level=run.level,
        level_text=level_text(run.level, run.left_out),
        timestamp=timestamp(started),
        iso_time=f"{started:%Y-%m-%dT%H:%M:%SZ}" if started else "",
        age=age(started, now),
        stale=is_stale(started, now),
        lab=run.in_lab,
        generic=bool(facts and facts.generic),
        pull_request=max(run.pull_request, 0),
        commit=facts.head[:7] if facts else "",
        release=facts.head_release if facts else "",
        upgraded_from=facts.upgraded_from if facts else "",
        abra=facts.abra if facts else "",
        duration=duration(found.seconds) if found else "unknown",
        seconds=found.seconds if found else 0.0,
        memory=size(found.peak_memory_bytes) if found else "memory unknown",
        downtime=_downtime(facts.downtime_seconds) if facts else "",
        cells=tuple(
            Cell(
                stage,
                run.stages.get(stage, "unknown"),
                duration(seconds[stage]) if stage in seconds else "",
                f"{log}#{run.anchors[stage]}" if log and stage in run.anchors else log,
            )
            for stage in STAGES
        ),
        notes=tuple(_notes(run)),
        log=log,
        report=report,
    )


def _downtime(seconds: Mapping[str, float]) -> str:
    """Return how long the app was away in the two steps that every app must take."""
    known = [step for step in ("restart", "upgrade") if step in seconds]
    each = ", ".join(f"{duration(seconds[step])} in the {step}" for step in known)
    return f"away {each}" if each else ""


def _notes(run: PastRun) -> Iterable[Note]:
    if LOG in run.logs.withheld:
        yield Note("Log withheld", run.logs.withheld[LOG])
    found = run.results
    if found is None:
        yield Note("Unreadable", run.problem)
        return
    if RESULTS_FILE in run.logs.withheld and found.reason and not was_cut_off(found):
        yield Note("Reason withheld", run.logs.withheld[RESULTS_FILE])
    # The row shows which stages were not run, but no other reason.
    elif found.reason and not found.reason.startswith("not run:"):
        about = "Incomplete" if found.verdict == "incomplete" else "Also"
        yield Note(about, cause_of(found.reason))
    elif found.verdict == "incomplete" and "not run" in run.stages.values():
        yield Note("Incomplete", "not all stages were run.")
    if found.facts.generic:
        yield Note("Generic stages only", "the functions of the app were not tested.")
    if found.facts.upgrade.startswith(NO_CHANGE):
        yield Note("Upgrade", f"{found.facts.upgrade}.")
    for stage, reason in found.facts.opt_outs.items():
        yield Note(f"Opted out of {stage}", reason)
    left_out = found.tests.get("opted out", 0)
    if left_out and not found.facts.opt_outs:
        yield Note("Opted out", f"{left_out} test{'s' if left_out > 1 else ''}.")
