"""Reads results/ for the pages: the recipes, their runs, and results that cannot be read."""

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ccci.audit.record import AUDIT, Record, read_record
from ccci.dashboard.logs import Logs, logs_of
from ccci.results.levels import left_out, level_of, verdict_of
from ccci.results.store import RESULTS_FILE, RunResults
from ccci.stage_names import STAGES

MATRICES = "matrix"
OUTPUT = "output.xml"
_READER = TypeAdapter(RunResults)
_SUITE = re.compile(rb'<suite id="(s\d+(?:-s\d+)+)" name="([^"]*)"')


@dataclass(frozen=True)
class PastRun:
    """One run with a results.json.

    Attributes:
        recipe: the name of the recipe's folder in results/.
        folder: the folder of the run.
        started: when the run started, if that is known.
        results: the content of results.json; None if it cannot be read.
        problem: why it cannot be read, or "".
        level: the level of the run, see `ccci.results.levels`.
        left_out: stages below the level that the recipe opted out of.
        stages: the verdict of each stage, which may be *not verified*.
        anchors: the anchor of each stage in log.html.
        logs: the logs of the run.
    """

    recipe: str
    folder: Path
    started: datetime | None = None
    results: RunResults | None = None
    problem: str = ""
    level: int = 0
    left_out: tuple[str, ...] = ()
    stages: dict[str, str] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)
    logs: Logs = field(default_factory=Logs)

    @property
    def verdict(self) -> str:
        """The verdict of the run, or *unreadable*."""
        return self.results.verdict if self.results else "unreadable"

    @property
    def has_full_verdict(self) -> bool:
        """Whether the verdict is about the recipe, and all stages were run."""
        return (
            self.results is not None
            and self.results.verdict != "incomplete"
            and "not run" not in self.stages.values()
        )

    @property
    def in_lab(self) -> bool:
        """Whether the run used the lab's own abra."""
        return self.results is not None and self.results.facts.abra.endswith("-lab")

    @property
    def pull_request(self) -> int:
        """The number of the pull request under test; 0 if there is none, or it is not known."""
        return self.results.facts.pull_request if self.results else 0


@dataclass(frozen=True)
class History:
    """A recipe and its runs, newest first.

    Attributes:
        recipe: the name of the recipe's folder in results/.
        enrolled: whether this project has a suite for it.
        runs: its runs, newest first.
        without_results: how many runs have no results.json.
        audit: what its newest audit found; None without one.
    """

    recipe: str
    enrolled: bool
    runs: tuple[PastRun, ...] = ()
    without_results: int = 0
    audit: Record | None = None


def read_histories(
    results: Path, enrolled: Iterable[str], only_cleared: bool = False
) -> list[History]:
    """Read all runs in a folder of results, sorted by recipe.

    A recipe is included if it is enrolled or has results. Invalid results do not affect others.

    Args:
        results: the folder; it need not exist.
        enrolled: the names of the recipes that have a suite.
        only_cleared: withhold logs that must not leave the node.

    Example:
        >>> read_histories(Path("nowhere"), ["custom-html"])
        [History(recipe='custom-html', enrolled=True, runs=(), without_results=0, audit=None)]
    """
    known = set(enrolled)
    folders = {item.name for item in _folders(results)} - {MATRICES}
    names = sorted(folders | known)
    histories = [_history(results, name, name in known, only_cleared) for name in names]
    return [found for found in histories if found.enrolled or found.runs]


def _history(results: Path, recipe: str, enrolled: bool, only_cleared: bool) -> History:
    runs, without = [], 0
    for folder in reversed(_folders(results / recipe)):
        if not folder.name[:1].isdigit():
            continue
        try:
            content = (folder / RESULTS_FILE).read_bytes()
        except FileNotFoundError:
            without += folder.exists()  # It may have been removed since it was listed.
        except OSError as error:
            problem = f"{RESULTS_FILE} cannot be read: {error.strerror}"
            runs.append(PastRun(recipe, folder, _time_of(folder.name), problem=problem))
        else:
            run = _past_run(recipe, folder, content)
            runs.append(replace(run, logs=logs_of(folder, only_cleared)))
    audit = read_record(results / recipe / AUDIT)
    return History(recipe, enrolled, tuple(runs), without, audit)


def _past_run(recipe: str, folder: Path, content: bytes) -> PastRun:
    started = _time_of(folder.name)
    try:
        found = _READER.validate_json(content)
        _check(found, recipe)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{RESULTS_FILE}: {where + ': ' if where else ''}{first['msg']}"
        return PastRun(recipe, folder, started, problem=problem)
    except ValueError as error:
        return PastRun(recipe, folder, started, problem=f"{RESULTS_FILE}: {error}")
    plain = asdict(found)
    return PastRun(
        recipe,
        folder,
        _utc(found.facts.started) or started,
        found,
        level=level_of(plain),
        left_out=left_out(plain),
        stages={stage: verdict_of(plain, stage) for stage in STAGES},
        anchors=_anchors(folder / OUTPUT),
    )


def _check(found: RunResults, recipe: str) -> None:
    """Refuse values that have the right type but are impossible."""
    if found.facts.recipe != recipe:
        raise ValueError(f"it is for the recipe {found.facts.recipe!r}")
    facts = found.facts
    times = (*facts.stage_seconds.values(), *facts.downtime_seconds.values())
    for seconds in (found.seconds, *times):
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"{seconds} is not a valid number of seconds")
    if (found.peak_memory_bytes or 0) < 0:
        raise ValueError(f"{found.peak_memory_bytes} is not a valid number of bytes")


def _anchors(output: Path) -> dict[str, str]:
    """Return the anchor of each stage in log.html: the id that Robot gave its suite."""
    anchors: dict[str, str] = {}
    try:
        content = output.read_bytes()
    except OSError:
        return anchors  # The links then lead to the start of the log.
    for number, name in _SUITE.findall(content):
        stage = name.decode("utf-8", "replace").split(" ")[0].lower()
        anchor = number.decode()
        # The first of a stage's files. A folder above them may have the name of a stage too.
        if stage in STAGES and anchor.count("-") > anchors.get(stage, "").count("-"):
            anchors[stage] = anchor
    return anchors


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder, sorted; links are left out, they point to the same runs."""
    try:
        return sorted(item for item in parent.iterdir() if item.is_dir() and not item.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _utc(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        # A time without a zone is UTC: `ccci.results.store` writes no other.
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time_of(run_id: str) -> datetime | None:
    """Return when a run started, from its id."""
    try:
        return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
