"""Renders all pages from the results."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ccci.dashboard.drawing import LABEL, badge_of, trend_of
from ccci.dashboard.formatting import STALE_AFTER, timestamp
from ccci.dashboard.logs import Log
from ccci.dashboard.reading import History, read_histories
from ccci.dashboard.view import recipe_view, verdict_counts
from ccci.dashboard.writing import FRONT_PAGE, publish
from ccci.results.levels import HIGHEST, level_name
from ccci.stage_names import STAGES
from ccci.verified.standing import OUTDATED_AFTER, Standing

LOGS = "logs"


def make_pages(
    results: Path,
    output: Path,
    enrolled: Iterable[str],
    now: datetime,
    for_the_web: bool = False,
    standings: Mapping[str, Standing] | None = None,
) -> list[str]:
    """Write the pages of all results; return the names of the files that have changed.

    Args:
        results: the folder with the results.
        output: the folder for the pages; links to logs are relative to it.
        enrolled: the names of the recipes that have a suite.
        now: the present time in UTC; ages are relative to it.
        for_the_web: copy the logs that may leave the node to the pages, and link to no other file,
            so that a web server can serve the folder.
        standings: recipe to what was verified of it, for the recipes that have a suite.

    Raises:
        Misuse, NodeFailure: see `dashboard.writing.publish`.

    Example:
        >>> make_pages(Path("results"), Path("results/dashboard"), ["custom-html"], now)
        ['badges/custom-html.svg', 'custom-html.html', 'index.html']
    """
    histories = read_histories(results, enrolled, only_cleared=for_the_web)
    to_results = Path(os.path.relpath(results.resolve(), output.resolve())).parts
    path_to_logs = (LOGS,) if for_the_web else to_results
    files: dict[str, str | Log] = {**render(histories, path_to_logs, now, standings or {})}
    if for_the_web:
        for run in (run for history in histories for run in history.runs):
            for name, log in run.logs.files.items():
                files[f"{LOGS}/{run.recipe}/{run.folder.name}/{name}"] = log
    return publish(output, files, for_everybody=for_the_web)


def render(
    histories: Iterable[History],
    path_to_logs: tuple[str, ...],
    now: datetime,
    standings: Mapping[str, Standing],
) -> dict[str, str]:
    """Return the content of every page by its name.

    Args:
        histories: the recipes and their runs.
        path_to_logs: the path from the folder of the pages to that of all logs, in parts.
        now: the present time; ages are relative to it.
        standings: recipe to what was verified of it.
    """
    environment = _environment(now)
    recipe_page, badge_page = (
        environment.get_template(name) for name in ("recipe.html.j2", "badge.svg.j2")
    )
    pages, recipes, trends = {}, [], {}
    for history in histories:
        recipe = recipe_view(history, path_to_logs, now, standings.get(history.recipe))
        badge, trend = badge_of(recipe), trend_of(recipe.trend)
        pages[f"badges/{recipe.file}.svg"] = badge_page.render(badge=badge)
        page = recipe_page.render(recipe=recipe, badge=badge, trend=trend)
        pages[f"{recipe.file}.html"] = page
        recipes.append(recipe)
        trends[recipe.file] = trend
    pages[FRONT_PAGE] = environment.get_template("index.html.j2").render(
        recipes=recipes,
        trends=trends,
        verdict_counts=verdict_counts(recipes),
        level_names=[level_name(level) for level in range(HIGHEST + 1)],
    )
    return pages


def _environment(now: datetime) -> Environment:
    """Return the template environment: values are escaped, and a missing value is an error."""
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
        written=timestamp(now),
        written_iso=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        stale_days=STALE_AFTER.days,
        outdated_days=OUTDATED_AFTER.days,
    )
    return environment
