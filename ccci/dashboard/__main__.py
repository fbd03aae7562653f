"""`python -m ccci.dashboard [--results FOLDER] [--output FOLDER] [--for-the-web]`: static pages."""

import time
from pathlib import Path

import click

from ccci.dashboard.site import write_site
from ccci.errors import CcciError
from ccci.project import PROJECT


@click.command(help="Write static pages of all results; they need no web server.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=PROJECT / "results",
    help="the folder with the results [default: results/ of the project]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="the folder for the pages [default: RESULTS/dashboard, with --for-the-web RESULTS/web]",
)
@click.option(
    "--for-the-web",
    is_flag=True,
    help="copy the logs that may leave the node to the pages, and link to no others",
)
def main(results: Path, output: Path | None, for_the_web: bool) -> None:
    """Write the pages and print where they are."""
    started = time.monotonic()
    folder = output or results / ("web" if for_the_web else "dashboard")
    try:
        changed = write_site(results, folder, for_the_web)
    except CcciError as error:
        raise click.ClickException(str(error)) from None
    seconds = time.monotonic() - started
    click.echo(f"{folder / 'index.html'}: {len(changed)} files written in {seconds:.1f} s")


if __name__ == "__main__":
    main()
