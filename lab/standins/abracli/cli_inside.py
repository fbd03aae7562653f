"""`abra app run | cmd | cp | logs`: commands, files and logs of an app's containers."""

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import inside, table, terminal
from lab.standins.abracli.cobra import command, flag, option
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.session import Session

_CHAOS = ("--chaos", "-C", "ignore uncommitted recipes changes")
_NO_TTY = ("--no-tty", "-t", "do not request a TTY")
_USER = ("--user", "-u", "request as a different user")


def add_to(group: click.Group) -> None:
    """Add the commands to `abra app`."""

    @command(
        group, "run", 3, None, "<domain> <service> <cmd> [args]", flag(*_NO_TTY), option(*_USER)
    )
    def run(session: Session, arguments: list[str], no_tty: bool, user: str) -> None:
        """Run a command inside a service container."""
        if not no_tty:
            terminal.require()
        app = apps.load(arguments[0])
        inside.execute(app, arguments[1], arguments[2:], tty=not no_tty, user=user)

    @command(
        group, "cmd command", 2, None, "<domain> [service | --local] <function> [args]",
        flag(*_NO_TTY), option(*_USER), flag(*_CHAOS),
        flag("--local", "-l", "run the function locally"),
    )  # fmt: skip
    def cmd(
        session: Session, arguments: list[str], no_tty: bool, user: str, chaos: bool, local: bool
    ) -> None:
        """Run a function of abra.sh; `cmd list <domain>` lists them."""
        listing = arguments[0] == "list" and len(arguments) == 2
        if not (no_tty or local or listing):
            terminal.require()
        app = apps.load(arguments[1] if listing else arguments[0])
        app.recipe.ensure(session, app.pinned, chaos)
        if listing:
            table.show(["COMMANDS"], [[name] for name in inside.functions(app)])
        elif local:
            inside.call_locally(app, arguments[1], arguments[2:])
        elif len(arguments) < 3:
            raise Fatal("give a service and a function, or --local/-l")
        else:
            inside.call(app, arguments[1], arguments[2], arguments[3:], tty=not no_tty, user=user)

    @command(group, "cp", 3, 3, "<domain> <src> <dst>")
    def cp(session: Session, arguments: list[str]) -> None:
        """Copy files to or from a service container: one side is <service>:<path>."""
        inside.copy(apps.load(arguments[0]), arguments[1], arguments[2])

    @command(
        group, "logs", 1, 2, "<domain> [service]", option("--since", "-S", "tail logs since"),
        flag("--stderr", "-s", "only tail stderr"),
    )  # fmt: skip
    def logs(session: Session, arguments: list[str], since: str, stderr: bool) -> int:
        """Tail app logs, until killed."""
        terminal.require()
        app = apps.load(arguments[0])
        return inside.stream_logs(app, arguments[1] if len(arguments) > 1 else "", since, stderr)
