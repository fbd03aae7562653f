"""Prints one line per step: its name, its result and its duration."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

HEARTBEAT_SECONDS = 30.0
CLEAR_LINE = "\r\x1b[K"


class Step:
    """A running step. `result` is the end of its line; `progress` shows a state in between."""

    def __init__(self, what: str, out: TextIO) -> None:
        self.what = what
        self.result = "done"
        self._out = out
        self._terminal = out.isatty()
        self._started = time.monotonic()
        self._last_output = self._started

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def progress(self, text: str) -> None:
        """Show the progress of a long step: on a terminal as text, elsewhere a dot each 30 s."""
        now = time.monotonic()
        if self._terminal:
            line = f"lab  {self.what} ... {self.seconds:.0f} s  {text.strip()}"
            width = shutil.get_terminal_size().columns
            self._write(CLEAR_LINE + line[: width - 1])
        elif now - self._last_output >= HEARTBEAT_SECONDS:
            self._last_output = now
            self._write(". ")

    def begin(self) -> None:
        self._write(f"lab  {self.what} ... ")

    def end(self, result: str) -> None:
        start = f"{CLEAR_LINE}lab  {self.what} ... " if self._terminal else ""
        self._write(f"{start}{result} ({self.seconds:.1f} s)\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


@contextmanager
def step(what: str, out: TextIO | None = None) -> Iterator[Step]:
    """Report a step.

    Example:
        with step("swarm") as this:
            this.result = "already active"
    """
    this = Step(what, out or sys.stdout)
    this.begin()
    try:
        yield this
    except BaseException:
        this.end("FAILED")
        raise
    this.end(this.result)
