"""`abra app backup create | list | snapshots | download` and `abra app restore`."""

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import backup as backups
from lab.standins.abracli import terminal
from lab.standins.abracli.app import App
from lab.standins.abracli.cobra import command, flag, option
from lab.standins.abracli.session import Session

_CHAOS = ("--chaos", "-C", "ignore uncommitted recipes changes")
_SNAPSHOT = ("--snapshot", "-s", "list or use a specific snapshot")
_PATH = ("--path", "-p", "volume path")
_RETRIES = ("--retries", "-r", "number of retry attempts")


def add_to(group: click.Group) -> None:
    """Add `backup` and `restore` to `abra app`."""
    backup = click.Group("backup", help="Manage app backups.")
    group.add_command(backup)

    @command(backup, "create", 1, 1, "<domain>", flag(*_CHAOS), option(*_RETRIES))
    def create(session: Session, arguments: list[str], chaos: bool, retries: str) -> int:
        """Create a new snapshot."""
        return backups.run_in_bot(_load(arguments[0], session, chaos), "create", RETRIES=retries)

    @command(backup, "list ls", 1, 1, "<domain>", flag(*_CHAOS), option(*_SNAPSHOT), option(*_PATH))
    def list_(session: Session, arguments: list[str], chaos: bool, snapshot: str, path: str) -> int:
        """List the contents of a snapshot."""
        app = _load(arguments[0], session, chaos)
        return backups.run_in_bot(app, "ls", SNAPSHOT=snapshot, INCLUDE_PATH=path)

    @command(backup, "snapshots", 1, 1, "<domain>", flag(*_CHAOS))
    def snapshots(session: Session, arguments: list[str], chaos: bool) -> int:
        """List all snapshots."""
        return backups.run_in_bot(_load(arguments[0], session, chaos), "snapshots")

    @command(
        backup, "download", 1, 1, "<domain>", flag(*_CHAOS), option(*_SNAPSHOT), option(*_PATH)
    )
    def download(
        session: Session, arguments: list[str], chaos: bool, snapshot: str, path: str
    ) -> int:
        """Download a snapshot as backup.tar.gz into the current folder."""
        app = _load(arguments[0], session, chaos)
        return backups.download(app, SNAPSHOT=snapshot, INCLUDE_PATH=path)

    @command(
        group, "restore", 1, 1, "<domain>", flag(*_CHAOS), option(*_SNAPSHOT), option(*_RETRIES),
        option("--target", "-t", "target path"),
        option("--volumes", "-v", "restore specific volumes", many=True),
        option("--container", "-c", "restore specific containers", many=True),
        flag("--no-commands", "disable hooks"),
    )  # fmt: skip
    def restore(
        session: Session, arguments: list[str], chaos: bool, snapshot: str, retries: str,
        target: str, volumes: tuple[str, ...], container: tuple[str, ...], no_commands: bool,
    ) -> int:  # fmt: skip
        """Restore a snapshot."""
        app = _load(arguments[0], session, chaos)
        return backups.run_in_bot(
            app, "restore", SNAPSHOT=snapshot, TARGET=target, RETRIES=retries,
            VOLUMES=",".join(volumes), CONTAINER=",".join(container),
            NO_COMMANDS="true" if no_commands else "",
            NONINTERACTIVE="true" if session.no_input else "",
        )  # fmt: skip


def _load(name: str, session: Session, chaos: bool) -> App:
    terminal.require()
    app = apps.load(name)
    app.recipe.ensure(session, app.pinned, chaos)
    return app
