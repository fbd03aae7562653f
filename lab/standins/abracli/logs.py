"""Log lines as abra writes them: a level word of four letters, on stderr."""

import sys


class Fatal(Exception):
    """Ends the command with a FATA line and exit code 1."""


class Log:
    """The process's log; `show_debug` is set by --debug."""

    show_debug = False


def debug(message: str) -> None:
    """Write a DEBU line, with --debug only."""
    if Log.show_debug:
        _write("DEBU", message)


def info(message: str) -> None:
    """Write an INFO line."""
    _write("INFO", message)


def warn(message: str) -> None:
    """Write a WARN line."""
    _write("WARN", message)


def fatal(message: str) -> None:
    """Write a FATA line; ending the process is the caller's."""
    _write("FATA", message)


def _write(level: str, message: str) -> None:
    print(f"{level} {message}", file=sys.stderr, flush=True)
