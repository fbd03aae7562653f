"""The lab's command line."""

import os
import sys
from collections.abc import Callable

import click
from docker.errors import DockerException
from filelock import FileLock, Timeout

from lab import settings as setting
from lab.errors import LabError
from lab.made import Made
from lab.settings import Settings

LOCK_SECONDS = 3600.0


@click.group(help="A Co-op Cloud server on this machine: make it, unmake it, look at it.")
def lab() -> None: ...


@lab.command(help="Make everything that is not there yet. Safe to interrupt and to repeat.")
@click.option("--recipe", "recipes", multiple=True, help="have this recipe's images (repeatable)")
@click.option("--needed", multiple=True, help="have this recipe's newest images (repeatable)")
@click.option("--forge", is_flag=True, help="with a Gitea for pull requests; see forge.toml")
def up(recipes: tuple[str, ...], needed: tuple[str, ...], forge: bool) -> None:
    from lab.up import Wanted
    from lab.up import up as bring_up

    wanted = Wanted(recipes, needed, forge)
    _locked(lambda settings, made: bring_up(settings, made, wanted))


@lab.command(help="Undo what `up` did, and nothing else.")
@click.option("--keep-images", is_flag=True, help="leave the images that were pulled or built")
def down(keep_images: bool) -> None:
    from lab.down import down as take_down

    def work(settings: Settings, made: Made) -> None:
        if not take_down(settings, made, keep_images=keep_images):
            raise LabError("a part of the lab is still in use and was kept: see the lines above")

    _locked(work)


@lab.command(help="Say what is there.")
def status() -> None:
    from lab.status import report

    settings, made = _read()
    for line in report(settings, made):
        click.echo(line)


@lab.command(
    help="Check an installation, the lab's or a real one; exit code 1 if a part is missing."
)
def doctor() -> None:
    from lab.doctor import examine

    settings, _ = _read()
    healthy = True
    for finding in examine(settings):
        click.echo(finding.line())
        healthy = healthy and finding.good
    sys.exit(0 if healthy else 1)


def _read() -> tuple[Settings, Made]:
    made = Made(setting.state_folder() / "lab" / "made.json")
    return setting.read(os.environ, made.settings), made


def _locked(work: Callable[[Settings, Made], None]) -> None:
    """Work as the only one: two calls at once would make the same things twice."""
    state = setting.state_folder()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(state / "lab.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        click.echo("lab  another call of the lab is at work; waiting for it to end")
        lock.acquire(timeout=LOCK_SECONDS)
    with lock:
        work(*_read())


def main() -> None:
    try:
        lab(standalone_mode=False)
    except (LabError, DockerException, Timeout, OSError) as error:
        click.echo(f"lab: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("lab: interrupted; the next `up` goes on from here", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
