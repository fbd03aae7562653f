"""The check of the commands that need a terminal, even with --no-input."""

import sys

from lab.standins.abracli.logs import Fatal

# Known of the real abra: without a terminal, `recipe lint`, `app backup` and `app restore` end with
# this message. For other commands, the sources differ: operators report that `volume`, `secret`,
# `run` and `logs` need a terminal too, but a program that uses abra calls `secret list -m` and
# `secret insert` without one. The strictest behaviour that fits both: `volume`, `run`, `cmd` and
# `logs` need a terminal, `secret` does not.
_MESSAGE = "inappropriate ioctl for device"


def require() -> None:
    """Raise if stdin or stdout is not a terminal."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        raise Fatal(_MESSAGE)
