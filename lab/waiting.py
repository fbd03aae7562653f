"""Waits for a condition, with a deadline."""

import time
from collections.abc import Callable

from lab.errors import LabError

PAUSE_SECONDS = 0.1


def until(
    condition: Callable[[], bool], *, within_seconds: float, failure: Callable[[], str]
) -> None:
    """Wait until a condition is true.

    Args:
        condition: checked about ten times a second.
        within_seconds: how long to wait.
        failure: returns the message of the error.

    Raises:
        LabError: the condition was not true in time.

    Example:
        until(lambda: path.exists(), within_seconds=5, failure=lambda: f"{path} did not appear")
    """
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise LabError(failure())
        time.sleep(PAUSE_SECONDS)
