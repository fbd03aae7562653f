"""One line per step: what it does, what came of it, how long it took."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

HEARTBEAT_SECONDS = 30.0
CLEAR_LINE = "\r\x1b[K"


class Step:
    """One step at work. `result` is what its line ends with; `progress` shows a passing state."""

    def __init__(self, what: str, out: TextIO) -> None:
        self.what = what
        self.result = "done"
        self._out = out
        self._terminal = out.isatty()
        self._began = time.monotonic()
        self._last_sign = self._began

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def progress(self, text: str) -> None:
        """Show where a long step is: in place on a terminal, elsewhere a dot now and then."""
        now = time.monotonic()
        if self._terminal:
            line = f"lab  {self.what} ... {self.seconds:.0f} s  {text.strip()}"
            width = shutil.get_terminal_size().columns
            self._write(CLEAR_LINE + line[: width - 1])
        elif now - self._last_sign >= HEARTBEAT_SECONDS:
            self._last_sign = now
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
    """Report one step.

    Example:
        with step("swarm") as this:
            this.result = "using the one that is there"
    """
    this = Step(what, out or sys.stdout)
    this.begin()
    try:
        yield this
    except BaseException:
        this.end("FAILED")
        raise
    this.end(this.result)
