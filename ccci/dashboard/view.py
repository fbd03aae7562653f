"""What the pages say of a recipe and its runs: decided here, laid out in templates."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ccci.dashboard.logs import LOG, REPORT
from ccci.dashboard.reading import History, PastRun
from ccci.dashboard.words import age, duration, file_name, is_stale, linked, moment, shown, size
from ccci.results.levels import level_name
from ccci.results.store import RESULTS_FILE, was_cut_off
from ccci.stage_names import STAGES

RUNS_IN_TREND = 20
# How Robot and the bridge begin a message of what ended a run before its first test.
_SAID_TWICE = re.compile(r"^(Parent suite setup failed:\s*)?(Incomplete:\s*)?")


@dataclass(frozen=True)
class Cell:
    """A stage of a run: its verdict, its seconds, and where the log shows it ("" without one)."""

    stage: str
    verdict: str
    seconds: str = ""
    href: str = ""


@dataclass(frozen=True)
class Note:
    """A sentence below a run: what it is about, and the text."""

    about: str
    text: str


@dataclass(frozen=True)
class RunView:
    """A run as a page shows it; every text is ready to be escaped and set."""

    run_id: str
    verdict: str
    level: int
    level_text: str
    moment: str
    machine_time: str
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
    cells: tuple[Cell, ...]
    notes: tuple[Note, ...]
    log: str
    report: str


@dataclass(frozen=True)
class RecipeView:
    """A recipe as a page shows it.

    Attributes:
        name: of the recipe.
        file: of its own pages, without what follows the dot.
        enrolled: it has a suite here.
        newest: its newest run, or None.
        runs: all of them, the newest first.
        standing: the run that its badge shows.
        last_whole: the newest run that judged all of the recipe, where that is not the newest run.
        without_results: runs that go on, or were cut off.
    """

    name: str
    file: str
    enrolled: bool
    newest: RunView | None
    runs: tuple[RunView, ...]
    standing: RunView | None
    last_whole: RunView | None
    without_results: int

    @property
    def verdict(self) -> str:
        """Of its newest run, or *no result*."""
        return self.newest.verdict if self.newest else "no result"

    @property
    def trend(self) -> tuple[RunView, ...]:
        """Its last runs, the oldest of them first."""
        return self.runs[RUNS_IN_TREND - 1 :: -1]


def recipe_view(history: History, to_logs: tuple[str, ...], now: datetime) -> RecipeView:
    """Return what a page says of a recipe.

    Args:
        history: its runs.
        to_logs: the parts of the way from the pages' folder to that of all runs' logs.
        now: the time that ages count to.
    """
    views = {run.folder: _run_view(run, to_logs, now) for run in history.runs}
    # A badge stands for the recipe: a proposal of somebody's is not what it is.
    own = [run for run in history.runs if not run.pull_request]
    standing = next(iter(own or history.runs), None)
    whole = next((run for run in history.runs if run.judges), None)
    newest = next(iter(history.runs), None)
    return RecipeView(
        name=shown(history.recipe),
        file=file_name(history.recipe),
        enrolled=history.enrolled,
        newest=views[newest.folder] if newest else None,
        runs=tuple(views.values()),
        standing=views[standing.folder] if standing else None,
        last_whole=views[whole.folder] if whole and whole is not newest else None,
        without_results=history.without_results,
    )


def tally(recipes: Iterable[RecipeView]) -> list[tuple[str, int]]:
    """Return how many recipes have which verdict, the worst first, and those without a result."""
    verdicts = [recipe.verdict for recipe in recipes]
    order = ("failed", "unreadable", "incomplete", "opted out", "passed", "no result")
    return [(word, verdicts.count(word)) for word in order if word in verdicts]


def level_text(level: int, left_out: Iterable[str]) -> str:
    """Return a level in words, with what it passed over.

    Example:
        >>> level_text(5, ["browser"])
        'upgrade, without browser'
    """
    without = ", ".join(left_out)
    return level_name(level) + (f", without {without}" if without else "")


def _run_view(run: PastRun, to_logs: tuple[str, ...], now: datetime) -> RunView:
    log, report = (
        linked(*to_logs, run.recipe, run.folder.name, name) if name in run.logs.files else ""
        for name in (LOG, REPORT)
    )
    found, began = run.results, run.started
    facts = found.facts if found else None
    seconds = facts.stage_seconds if facts else {}
    return RunView(
        run_id=shown(run.folder.name),
        verdict=run.verdict,
        level=run.level,
        level_text=level_text(run.level, run.left_out),
        moment=moment(began),
        machine_time=f"{began:%Y-%m-%dT%H:%M:%SZ}" if began else "",
        age=age(began, now),
        stale=is_stale(began, now),
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
        cells=tuple(
            Cell(
                stage,
                run.stages.get(stage, "unknown"),
                duration(seconds[stage]) if stage in seconds else "",
                f"{log}#{run.places[stage]}" if log and stage in run.places else log,
            )
            for stage in STAGES
        ),
        notes=tuple(_notes(run)),
        log=log,
        report=report,
    )


def _notes(run: PastRun) -> Iterable[Note]:
    if LOG in run.logs.withheld:
        yield Note("Log withheld", run.logs.withheld[LOG])
    found = run.results
    if found is None:
        yield Note("Unreadable", run.problem)
        return
    if RESULTS_FILE in run.logs.withheld and found.reason and not was_cut_off(found):
        yield Note("Reason withheld", run.logs.withheld[RESULTS_FILE])
    # Which stages were not run can be seen; why a run is incomplete otherwise cannot.
    elif found.reason and not found.reason.startswith("not run:"):
        reason = _SAID_TWICE.sub("", found.reason)
        yield Note("Incomplete" if found.verdict == "incomplete" else "Also", reason)
    elif found.verdict == "incomplete" and "not run" in run.stages.values():
        yield Note("Incomplete", "not all stages were run.")
    if found.facts.generic:
        yield Note("Generic stages only", "nothing here was tested of what the app is for.")
    for stage, reason in found.facts.opt_outs.items():
        yield Note(f"Opted out of {stage}", reason)
    left_out = found.tests.get("opted out", 0)
    if left_out and not found.facts.opt_outs:
        yield Note("Left out", f"{left_out} test{'s' if left_out > 1 else ''}.")
