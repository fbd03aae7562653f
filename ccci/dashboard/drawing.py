"""The small drawings: the chart of a recipe's last runs, and its badge."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccci.dashboard.view import RecipeView, RunView
from ccci.results.levels import HIGHEST

BAR_WIDTH, BAR_STEP, TREND_HEIGHT, LOWEST_BAR = 5, 7, 28, 5
BADGE_HEIGHT, LETTER, PADDING, METER_STEP = 22, 6.1, 8, 7
LABEL = "recipe tests"


@dataclass(frozen=True)
class Bar:
    """One run in the chart: its position, its height by its duration, and its verdict."""

    left: int
    top: int
    width: int
    height: int
    verdict: str
    text: str


@dataclass(frozen=True)
class Trend:
    """The chart of a recipe's last runs; `text` says the same for screen readers."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    text: str


@dataclass(frozen=True)
class Badge:
    """The content of a badge, and the widths that result from its texts.

    Attributes:
        text: the text after the label and the meter of the level.
        tone: passed, failed, unsure or stale; it decides the colour.
        level: how many fields of the meter are filled.
        title: the content of the badge as one text.
        left: the width of the label.
        meter: where the meter starts.
        right: where the text starts.
        text_width: the width of the text.
        width: the width of the badge.
    """

    text: str
    tone: str
    level: int
    title: str
    left: float
    meter: float
    right: float
    text_width: float
    width: float


def trend_of(runs: Sequence[RunView]) -> Trend:
    """Draw runs, oldest first; the longest one has the full height.

    Example:
        >>> trend_of([]).text
        'No runs.'
    """
    longest = max((run.seconds for run in runs), default=0.0)
    bars = []
    for place, run in enumerate(runs):
        share = run.seconds / longest if longest else 0.0
        height = max(LOWEST_BAR, round(share * TREND_HEIGHT))
        text = f"{run.timestamp}: {run.verdict}, {run.duration}"
        left = place * BAR_STEP
        bars.append(Bar(left, TREND_HEIGHT - height, BAR_WIDTH, height, run.verdict, text))
    details = ", ".join(f"{run.verdict} {run.duration}" for run in runs)
    count = f"Last {len(runs)} runs, oldest first" if len(runs) > 1 else "One run"
    text = f"{count}: {details}." if runs else "No runs."
    return Trend(max(len(runs), 1) * BAR_STEP, TREND_HEIGHT, tuple(bars), text)


def badge_of(recipe: RecipeView) -> Badge:
    """Draw the badge: the newest run that is not of a pull request, or else the newest run."""
    run = recipe.standing
    parts = [run.verdict, f"level {run.level}"] if run else ["no result"]
    if run and run.generic:
        parts.append("generic")
    if run and run.pull_request:
        parts.append(f"PR {run.pull_request}")
    if run and run.lab:
        parts.append("lab")
    if run and run.stale:
        parts.append("stale")
    title = f"{recipe.name}: no result yet"
    if run:
        level = f"level {run.level} of {HIGHEST} ({run.level_text})"
        title = ", ".join([f"{recipe.name}: {run.verdict}", level, *parts[2:], run.timestamp])
    text = ", ".join(parts)
    left = len(LABEL) * LETTER + 2 * PADDING
    meter = left + PADDING
    right = meter + HIGHEST * METER_STEP + PADDING - 2
    width = len(text) * LETTER
    filled = run.level if run else 0
    total = right + width + PADDING
    return Badge(text, _tone(run), filled, title, left, meter, right, width, total)


def _tone(run: RunView | None) -> str:
    if run is None or run.stale:
        return "stale"
    return run.verdict if run.verdict in ("passed", "failed") else "unsure"
