"""The lab's command line."""

import os
import sys
from collections.abc import Callable

import click
from docker.errors import DockerException
from filelock import FileLock, Timeout

from lab import settings as setting
from lab.errors import LabError
from lab.inventory import Inventory
from lab.settings import Settings

LOCK_SECONDS = 3600.0


@click.group(help="A Co-op Cloud server on this machine: set it up, inspect it, remove it.")
def lab() -> None: ...


@lab.command(help="Set up everything that is missing. Safe to interrupt and to repeat.")
@click.option(
    "--recipe", "recipes", multiple=True, help="get all images of this recipe (repeatable)"
)
@click.option("--needed", multiple=True, help="get the newest images of this recipe or companion")
@click.option("--image", "images", multiple=True, help="get this image (repeatable)")
@click.option("--forge", is_flag=True, help="add a Gitea for pull requests; it writes forge.toml")
def up(
    recipes: tuple[str, ...], needed: tuple[str, ...], images: tuple[str, ...], forge: bool
) -> None:
    from lab.up import Targets
    from lab.up import up as bring_up

    targets = Targets(recipes, needed, forge, images)
    _locked(lambda settings, inventory: bring_up(settings, inventory, targets))


@lab.command(help="Remove what `up` created, and nothing else.")
@click.option("--keep-images", is_flag=True, help="keep the images that were pulled or built")
def down(keep_images: bool) -> None:
    from lab.down import down as take_down

    def work(settings: Settings, inventory: Inventory) -> None:
        if not take_down(settings, inventory, keep_images=keep_images):
            raise LabError("parts of the lab are still in use and were kept: see the lines above")

    _locked(work)


@lab.command(help="Print the state of the lab.")
def status() -> None:
    from lab.status import report

    settings, inventory = _read()
    for line in report(settings, inventory):
        click.echo(line)


@lab.command(
    help="Check an installation, the lab or a real one; exit code 1 if something is missing."
)
def doctor() -> None:
    from lab.doctor import examine

    settings, _ = _read()
    healthy = True
    for finding in examine(settings):
        click.echo(finding.line())
        healthy = healthy and finding.ok
    sys.exit(0 if healthy else 1)


def _read() -> tuple[Settings, Inventory]:
    inventory = Inventory(setting.state_folder() / "lab" / "made.json")
    return setting.read(os.environ, inventory.settings), inventory


def _locked(work: Callable[[Settings, Inventory], None]) -> None:
    """Call a function under the lock, as two calls at the same time would create things twice."""
    state = setting.state_folder()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(state / "lab.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        click.echo("lab  waiting for another lab command to end")
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
        click.echo("lab: interrupted; the next `up` continues from here", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
