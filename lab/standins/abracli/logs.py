"""Writes log lines like abra: on stderr, with a level of four letters."""

import sys


class Fatal(Exception):
    """Ends the command with a FATA line and exit code 1."""


class Log:
    """The log of this process; --debug sets `show_debug`."""

    show_debug = False


def debug(message: str) -> None:
    """Write a DEBU line if --debug was given."""
    if Log.show_debug:
        _write("DEBU", message)


def info(message: str) -> None:
    """Write an INFO line."""
    _write("INFO", message)


def warn(message: str) -> None:
    """Write a WARN line."""
    _write("WARN", message)


def fatal(message: str) -> None:
    """Write a FATA line; the caller must end the process."""
    _write("FATA", message)


def _write(level: str, message: str) -> None:
    print(f"{level} {message}", file=sys.stderr, flush=True)
