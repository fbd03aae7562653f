"""Commands that want a terminal, even when nothing is asked."""

import sys

from lab.standins.abracli.logs import Fatal

# Verified of the real one: `recipe lint`, `app backup`, `app restore` end with this message when
# there is no terminal. For others the sources differ: operators say that `volume`, `secret`,
# `run` and `logs` want one too, while a backend that drives abra from a program calls
# `secret list -m` and `secret insert` without. The strictest reading that both allow: `volume`,
# `run`, `cmd` and `logs` refuse, `secret` does not.
_MESSAGE = "inappropriate ioctl for device"


def demand() -> None:
    """Raise unless stdin and stdout are terminals."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        raise Fatal(_MESSAGE)
