"""Waiting for a condition, with a deadline and a sentence for when it passes."""

import time
from collections.abc import Callable

from lab.errors import LabError

PAUSE_SECONDS = 0.1


def until(
    condition: Callable[[], bool], *, within_seconds: float, failure: Callable[[], str]
) -> None:
    """Wait until `condition` holds.

    Args:
        condition: asked about ten times a second.
        within_seconds: how long to go on asking.
        failure: makes the sentence for the error, from what is known at the end.

    Raises:
        LabError: the deadline passed.

    Example:
        until(lambda: path.exists(), within_seconds=5, failure=lambda: f"{path} did not appear")
    """
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise LabError(failure())
        time.sleep(PAUSE_SECONDS)
