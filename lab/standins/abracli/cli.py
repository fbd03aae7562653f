"""The command line of `abra`."""

import contextlib
import sys

import click

from lab.standins.abracli import (
    VERSION,
    cli_app,
    cli_backup,
    cli_deploy,
    cli_inside,
    cli_recipe,
    cli_secret,
    cli_server,
    cli_volume,
)
from lab.standins.abracli.cobra import UsageError, run_line
from lab.standins.abracli.logs import Fatal, fatal

ROOT = click.Group(
    "abra",
    help=f"The lab's stand-in for the Co-op Cloud command-line utility ({VERSION}).",
    commands={
        "app": cli_app.APP,
        "recipe": cli_recipe.RECIPE,
        "server": cli_server.SERVER,
    },
)
for _part in (cli_deploy, cli_secret, cli_volume, cli_backup, cli_inside):
    _part.add_to(cli_app.APP)


def run(line: list[str]) -> int:
    """Run one command line.

    Args:
        line: the arguments after `abra`.

    Returns:
        the exit code: 0; 1 after an error; or the exit code of a command in a container.
    """
    if line[:1] in (["--version"], ["-v"]):
        print(f"abra version {VERSION}")
        return 0
    try:
        return run_line(ROOT, line)
    except UsageError as error:
        print(f"Error: {error}", file=sys.stderr)
    except Fatal as error:
        fatal(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader closed the pipe, as in `abra app ls | head`.
        with contextlib.suppress(OSError):
            sys.stdout = None
    return 1
