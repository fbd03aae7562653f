"""The small drawings: how a recipe's last runs went, and its badge."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccci.dashboard.view import RecipeView, RunView
from ccci.results.levels import HIGHEST

BAR_WIDTH, BAR_STEP, TREND_HEIGHT, LOWEST_BAR = 5, 7, 28, 5
BADGE_HEIGHT, LETTER, PADDING, METER_STEP = 22, 6.1, 8, 7
LABEL = "recipe tests"


@dataclass(frozen=True)
class Bar:
    """One run in a trend: its place, its height by its seconds, and its verdict."""

    left: int
    top: int
    width: int
    height: int
    verdict: str
    text: str


@dataclass(frozen=True)
class Trend:
    """The last runs of a recipe; `text` says the same to who does not see it."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    text: str


@dataclass(frozen=True)
class Badge:
    """What a badge shows, and the widths that follow from its words.

    Attributes:
        words: behind the label and the level's meter.
        tone: passed, failed, unsure or stale, for the colour.
        level: how many of the meter's fields are full.
        title: the whole of it in words.
        left: width of the label's half.
        meter: where the meter begins.
        right: where the words begin.
        width: of all.
    """

    words: str
    tone: str
    level: int
    title: str
    left: float
    meter: float
    right: float
    words_width: float
    width: float


def trend_of(runs: Sequence[RunView]) -> Trend:
    """Draw runs, the oldest first; the longest of them takes the whole height.

    Example:
        >>> trend_of([]).text
        'No runs.'
    """
    longest = max((run.seconds for run in runs), default=0.0)
    bars = []
    for place, run in enumerate(runs):
        share = run.seconds / longest if longest else 0.0
        height = max(LOWEST_BAR, round(share * TREND_HEIGHT))
        text = f"{run.moment}: {run.verdict}, {run.duration}"
        left = place * BAR_STEP
        bars.append(Bar(left, TREND_HEIGHT - height, BAR_WIDTH, height, run.verdict, text))
    told = ", ".join(f"{run.verdict} {run.duration}" for run in runs)
    count = f"Last {len(runs)} runs" if len(runs) > 1 else "One run"
    text = f"{count}, the oldest first: {told}." if runs else "No runs."
    return Trend(max(len(runs), 1) * BAR_STEP, TREND_HEIGHT, tuple(bars), text)


def badge_of(recipe: RecipeView) -> Badge:
    """Draw what the newest run outside of pull requests said, or the newest where there is none."""
    run = recipe.standing
    words = [run.verdict, f"level {run.level}"] if run else ["no result"]
    if run and run.generic:
        words.append("generic")
    if run and run.pull_request:
        words.append(f"PR {run.pull_request}")
    if run and run.lab:
        words.append("lab")
    if run and run.stale:
        words.append("stale")
    title = f"{recipe.name}: no result yet"
    if run:
        said = f"level {run.level} of {HIGHEST} ({run.level_text})"
        title = ", ".join([f"{recipe.name}: {run.verdict}", said, *words[2:], run.moment])
    text = ", ".join(words)
    left = len(LABEL) * LETTER + 2 * PADDING
    meter = left + PADDING
    right = meter + HIGHEST * METER_STEP + PADDING - 2
    width = len(text) * LETTER
    tone = _tone(run)
    level = run.level if run else 0
    return Badge(text, tone, level, title, left, meter, right, width, right + width + PADDING)


def _tone(run: RunView | None) -> str:
    if run is None or run.stale:
        return "stale"
    return run.verdict if run.verdict in ("passed", "failed") else "unsure"
