"""Writes the whole dashboard, for the command and for the pull request loop."""

from datetime import UTC, datetime
from pathlib import Path

from ccci.dashboard.pages import make_pages
from ccci.matrix.plan import enrolled
from ccci.project import PROJECT
from ccci.verified.standing import standing_of


def write_site(results: Path, output: Path, for_the_web: bool = False) -> list[str]:
    """Write the pages of all results; return the names of the files that have changed.

    Args:
        results: the folder with the results.
        output: the folder for the pages.
        for_the_web: see `dashboard.pages.make_pages`.

    Raises:
        Misuse, NodeFailure: see `dashboard.writing.publish`.

    Example:
        >>> write_site(Path("results"), Path("results/web"), for_the_web=True)
        ['badges/custom-html.svg', 'custom-html.html', 'index.html']
    """
    now, recipes = datetime.now(UTC), enrolled(PROJECT)
    standings = {recipe: standing_of(PROJECT, recipe, now.date()) for recipe in recipes}
    return make_pages(results, output, recipes, now, for_the_web, standings)
