"""What a keyword library opens in a test is closed when the test ends, such as a connection."""

from collections.abc import Callable
from contextlib import ExitStack


class UntilTestEnds:
    """A Robot listener of a library: `@library(listener=_OPEN)`."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._closing: list[Callable[[], object]] = []

    def close_later(self, close: Callable[[], object]) -> None:
        """Register a callback for the end of the test.

        They run in reverse order; one that fails does not stop the others.
        """
        self._closing.append(close)

    def close_no_more(self, close: Callable[[], object]) -> None:
        """Unregister a callback that was called already."""
        self._closing.remove(close)

    def end_test(self, _data: object, _result: object) -> None:
        """Robot calls this when a test has ended."""
        with ExitStack() as all_of:
            for close in self._closing:
                all_of.callback(close)
            self._closing = []
