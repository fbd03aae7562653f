"""`python -m ccci.loop poll | once | status | doctor | vet`: the pull request loop of this node."""

import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from ccci.errors import CcciError, Misuse
from ccci.loop.doctor import examine
from ccci.loop.forge import Forge
from ccci.loop.poller import Poller
from ccci.loop.settings import load_forge_settings
from ccci.loop.store import LIVE, Request, Store
from ccci.loop.vetting import violations_in_commit
from ccci.loop.webhook import listening
from ccci.node.server import load_server
from ccci.printable import printable, printable_lines
from ccci.project import PROJECT
from ccci.recipe.config import config_path, load_recipe_config


@click.group(help="Test a pull request when somebody comments `!testme` there.")
def main() -> None:
    """Run the subcommand."""


@main.command(help="Poll the forge until stopped (SIGTERM, SIGINT). Runs go on after that.")
def poll() -> None:
    """Run the poller."""
    poller = _poller()

    def stop(_number: int, _frame: object) -> None:
        poller.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settings = load_forge_settings()
    with listening(settings, poller.trigger):
        poller.start()
        _log(f"polling {settings.url}/{settings.organisation}")
        poller.run()
    _log("stopped; runs go on, and the next poller follows them")


@main.command(help="Run one cycle: poll, start and follow runs, post. For cron.")
def once() -> None:
    """Run one cycle."""
    poller = _poller()
    poller.start()
    poller.cycle()


@main.command(help="List the requests that are queued or running, and the last ones that ended.")
@click.option("--last", default=10, show_default=True, help="how many ended requests to list")
def status(last: int) -> None:
    """List requests."""
    store = Store.of(load_forge_settings())
    for request in store.requests(*LIVE):
        click.echo(_line(request))
    ended = [one for one in store.requests() if one.state not in LIVE]
    for request in ended[len(ended) - min(last, len(ended)) :]:
        click.echo(_line(request))


@main.command(help="Check what the loop needs; say how to fix each problem.")
def doctor() -> None:
    """Run all checks; the exit code is 1 if one of them found a problem."""
    findings = list(examine())
    for finding in findings:
        click.echo(str(finding))
    sys.exit(1 if any(finding.remedy for finding in findings) else 0)


@main.command(help="Check a commit of a recipe as the poller checks a pull request.")
@click.argument("recipe")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--commit", default="", help="full hash of the commit [default: what is checked out]")
def vet(recipe: str, folder: Path, commit: str) -> None:
    """Print what the recipe must not do without approval; the exit code is 1 if there is any."""
    found = violations_in_commit(folder, load_recipe_config(config_path(PROJECT, recipe)), commit)
    for violation in found:
        click.echo(violation)
    sys.exit(1 if found else 0)


def _poller() -> Poller:
    settings = load_forge_settings()
    return Poller(Forge(settings, load_server()), Store.of(settings), _log)


def _line(request: Request) -> str:
    minutes = (time.time() - request.changed) / 60
    where = f"{request.repository} #{request.pull_request}"
    what = f"{request.state:<10} {where:<28} {request.recipe} at {request.commit[:7]}"
    note = f"{request.note} {request.waiting_for}".strip()
    line = f"{what}  since {minutes:.0f} min  run {request.run_id or '-'}  {note}".rstrip()
    return printable(line, 2000)


def _log(line: str) -> None:
    # Flushed, so that each line is in the log of a service without delay. A log on a full disk must
    # not end the poller.
    with suppress(OSError):
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {printable_lines(line)}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except CcciError as error:
        print(f"loop: {error}", file=sys.stderr)
        # docs/ccci-poller.service: after 2 it is not started again, since a person has to act.
        sys.exit(2 if isinstance(error, Misuse) else 1)
