"""`abra server add --local | ls`."""

import click

from lab.standins.abracli import paths, table
from lab.standins.abracli.cobra import command, flag
from lab.standins.abracli.logs import Fatal, info
from lab.standins.abracli.session import Session

SERVER = click.Group("server", help="Manage servers.")


@command(SERVER, "add", 0, 3, "[server] [user] [port]", flag("--local", "-l", "use local server"))
def add(session: Session, arguments: list[str], local: bool) -> None:
    """Add a server; the lab's abra supports the local one only."""
    if not local:
        raise Fatal("the lab's abra supports the local server only: use --local")
    if arguments:
        raise Fatal("cannot use a server's name and --local together")
    folder = paths.servers_dir() / "default"
    folder.mkdir(parents=True, exist_ok=True)
    info("local server successfully added")


@command(SERVER, "ls list", 0, 0, "", flag("--machine", "-m", "print machine-readable output"))
def ls(session: Session, arguments: list[str], machine: bool) -> None:
    """List servers."""
    folders = sorted(p.name for p in paths.servers_dir().glob("*") if p.is_dir())
    rows = [{"name": n, "host": "local" if n == "default" else n} for n in folders]
    if machine:
        table.as_json(rows)
    else:
        table.show(["NAME", "HOST"], [[row["name"], row["host"]] for row in rows])
