"""`python -m ccci.loop poll | once | status | doctor | vet`: the pull request loop of this node."""

import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from ccci.errors import CcciError
from ccci.loop.doctor import examine
from ccci.loop.forge import Forge
from ccci.loop.poller import Poller
from ccci.loop.preparing import approved_for
from ccci.loop.settings import load_forge_settings
from ccci.loop.store import LIVE, Request, Store
from ccci.loop.vetting import vetted
from ccci.loop.webhook import listening
from ccci.node.server import load_server


@click.group(help="Listens to a forge: `!testme` in a pull request's comment becomes a run.")
def main() -> None:
    """Take the subcommand."""


@main.command(help="Look and work until told to end (SIGTERM, SIGINT); runs go on beyond that.")
def poll() -> None:
    """Be the poller."""
    poller = _poller()

    def end(_number: int, _frame: object) -> None:
        poller.end()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    settings = load_forge_settings()
    with listening(settings, poller.wake):
        poller.start()
        _tell(f"listening to {settings.url}/{settings.organisation}")
        poller.run()
    _tell("ended; what runs goes on, and the next poller takes it up")


@main.command(help="Take one turn and end: look, begin and follow runs, post. For cron.")
def once() -> None:
    """Take one turn."""
    poller = _poller()
    poller.start()
    poller.turn()


@main.command(help="What is queued and running, and what came of the last requests.")
@click.option("--last", default=10, show_default=True, help="how many that are over")
def status(last: int) -> None:
    """List requests."""
    store = Store.of(load_forge_settings())
    for request in store.requests(*LIVE):
        click.echo(_line(request))
    over = [one for one in store.requests() if one.state not in LIVE]
    for request in over[len(over) - min(last, len(over)) :]:
        click.echo(_line(request))


@main.command(help="Check what the loop needs; names each missing piece with its remedy.")
def doctor() -> None:
    """Look at everything and end with 1 where something is missing."""
    findings = list(examine())
    for finding in findings:
        click.echo(str(finding))
    sys.exit(1 if any(finding.remedy for finding in findings) else 0)


@main.command(help="Judge a commit of a recipe's checkout, as the poller judges a pull request's.")
@click.argument("recipe")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--head", default="", help="full hash of the commit; without it, what is checked out")
def vet(recipe: str, folder: Path, head: str) -> None:
    """Name what a recipe may not do on the node without approval, and end with 1 then."""
    found = vetted(folder, approved_for(recipe), head)
    for objection in found:
        click.echo(objection)
    sys.exit(1 if found else 0)


def _poller() -> Poller:
    settings = load_forge_settings()
    return Poller(Forge(settings, load_server()), Store.of(settings), _tell)


def _line(request: Request) -> str:
    minutes = (time.time() - request.changed) / 60
    where = f"{request.repository} #{request.pull_request}"
    words = f"{request.state:<10} {where:<28} {request.recipe} at {request.hash[:7]}"
    said = f"{request.note} {request.waits}".strip()
    return f"{words}  since {minutes:.0f} min  run {request.run_id or '-'}  {said}".rstrip()


def _tell(words: str) -> None:
    # A service's log is read line by line, at once.
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {words}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except CcciError as error:
        print(f"loop: {error}", file=sys.stderr)
        sys.exit(2)
