"""All pages as texts, from the results and the time that ages count to."""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccci.dashboard.drawing import LABEL, badge_of, trend_of
from ccci.dashboard.logs import Log
from ccci.dashboard.reading import History, read_histories
from ccci.dashboard.view import recipe_view, tally
from ccci.dashboard.words import STALE_AFTER, moment
from ccci.dashboard.writing import FRONT, publish
from ccci.results.levels import HIGHEST, level_name
from ccci.stage_names import STAGES

LOGS = "logs"


def make_pages(
    results: Path, output: Path, enrolled: Iterable[str], now: datetime, for_the_web: bool = False
) -> list[str]:
    """Write the pages of all results; return the names of the files that had to change.

    Args:
        results: the folder of results.
        output: the folder of the pages; links lead from there to the logs.
        enrolled: names of the recipes that have a suite.
        now: in UTC.
        for_the_web: the logs that may leave the node are copied beside the pages, which lead to no
            other file; the folder can be served as it is.

    Raises:
        Misuse, NodeFailure: see `dashboard.writing.publish`.

    Example:
        >>> make_pages(Path("results"), Path("results/dashboard"), ["custom-html"], now)
        ['badges/custom-html.svg', 'custom-html.html', 'index.html']
    """
    histories = read_histories(results, enrolled, only_cleared=for_the_web)
    beside = Path(os.path.relpath(results.resolve(), output.resolve())).parts
    files: dict[str, str | Log] = {**render(histories, (LOGS,) if for_the_web else beside, now)}
    if for_the_web:
        for run in (run for history in histories for run in history.runs):
            for name, log in run.logs.files.items():
                files[f"{LOGS}/{run.recipe}/{run.folder.name}/{name}"] = log
    return publish(output, files)


def render(histories: Iterable[History], way: tuple[str, ...], now: datetime) -> dict[str, str]:
    """Return name to content of every page.

    Args:
        histories: what to show.
        way: the parts of the way from the pages' folder to that of all runs' logs.
        now: the time that ages count to.
    """
    environment = _environment(now)
    recipe_page, badge_page = (
        environment.get_template(name) for name in ("recipe.html.j2", "badge.svg.j2")
    )
    pages, recipes, trends = {}, [], {}
    for history in histories:
        recipe = recipe_view(history, way, now)
        badge, trend = badge_of(recipe), trend_of(recipe.trend)
        pages[f"badges/{recipe.file}.svg"] = badge_page.render(badge=badge)
        page = recipe_page.render(recipe=recipe, badge=badge, trend=trend)
        pages[f"{recipe.file}.html"] = page
        recipes.append(recipe)
        trends[recipe.file] = trend
    pages[FRONT] = environment.get_template("index.html.j2").render(
        recipes=recipes,
        trends=trends,
        tally=tally(recipes),
        level_names=[level_name(level) for level in range(HIGHEST + 1)],
    )
    return pages


def _environment(now: datetime) -> Environment:
    """Return what renders: every value is escaped, and one that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        highest=HIGHEST,
        stages=STAGES,
        label=LABEL,
        made=moment(now),
        made_machine=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        stale_days=STALE_AFTER.days,
    )
    return environment
