"""`abra app volume ls | rm`."""

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import deploy, table, terminal, volumes
from lab.standins.abracli.cobra import command, flag
from lab.standins.abracli.logs import Fatal, warn
from lab.standins.abracli.session import Session


def add_to(group: click.Group) -> None:
    """Add `volume` to `abra app`."""
    volume = click.Group("volume", help="Manage app volumes.")
    group.add_command(volume)

    @command(volume, "ls list", 1, 1, "<domain>")
    def ls(session: Session, arguments: list[str]) -> None:
        """List volumes associated with an app."""
        terminal.require()
        app = apps.load(arguments[0])
        found = volumes.of_app(app)
        if found:
            table.show(["NAME", "ON SERVER"], [[one["Name"], one["Mountpoint"]] for one in found])
        else:
            warn(f"no volumes created for {app.name}")

    @command(
        volume, "rm remove", 1, 1, "<domain>",
        flag("--force", "-f", "perform action without further prompt"),
    )  # fmt: skip
    def rm(session: Session, arguments: list[str], force: bool) -> None:
        """Remove the volumes of an undeployed app."""
        terminal.require()
        app = apps.load(arguments[0])
        if deploy.deployed(app):
            raise Fatal(f"{app.name} is still deployed. Run 'abra app undeploy {app.name}'")
        found = volumes.of_app(app)
        if not found:
            warn(f"no volumes to remove for {app.name}")
            return
        if not force:
            session.confirm(f"remove {', '.join(one['Name'] for one in found)}?")
        volumes.remove(app, found, force)
