"""Waits with a condition and a deadline; a failure says what was seen last."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed


@dataclass(frozen=True)
class Look:
    """The result of one check: whether the condition holds, and what was seen."""

    good: bool
    seen: str


class TooLate(Exception):
    """A deadline passed. `seen` is what was seen last, `after_seconds` how long the wait was."""

    def __init__(self, wanted: str, seen: str, after_seconds: float) -> None:
        super().__init__(f"Expected {wanted}; last seen: {seen} (waited {after_seconds:.1f} s).")
        self.wanted, self.seen, self.after_seconds = wanted, seen, after_seconds


def wait_for(
    wanted: str, look: Callable[[], Look], within_seconds: float, every_seconds: float = 0.2
) -> Look:
    """Check a condition until it holds, and return the last result.

    Args:
        wanted: what is waited for, to be read after "Expected".
        look: checks once. Its exceptions end the wait: they are not retried.
        within_seconds: the deadline.
        every_seconds: the pause between two checks.

    Raises:
        TooLate: the deadline passed.

    Example:
        ``wait_for("no task", lambda: Look(not tasks(), str(tasks())), within_seconds=30)``
    """
    begun = time.monotonic()
    retrying = Retrying(
        retry=retry_if_result(lambda seen: not seen.good),
        stop=stop_after_delay(within_seconds),
        wait=wait_fixed(every_seconds),
    )
    try:
        result: Look = retrying(look)
        return result
    except RetryError as error:
        last: Look = error.last_attempt.result()
        raise TooLate(wanted, last.seen, time.monotonic() - begun) from None


def hold_for(
    wanted: str,
    look: Callable[[], Look],
    within_seconds: float,
    for_seconds: float,
    every_seconds: float = 0.2,
) -> Look:
    """Check a condition until it has held without a break for `for_seconds`; see `wait_for`.

    A state that holds for a moment only has not converged. What is seen last then names what broke
    it, too: of an app that answers every second request a good answer says nothing.

    Raises:
        TooLate: the condition did not hold for so long before the deadline.
    """
    good_since: float | None = None
    before = ""

    def held() -> Look:
        nonlocal good_since, before
        now = look()
        if not now.good:
            good_since = None
            before = f" (before that: {now.seen})"
            return now
        good_since = good_since or time.monotonic()
        seconds = time.monotonic() - good_since
        return Look(seconds >= for_seconds, f"{now.seen}, for {seconds:.1f} s{before}")

    return wait_for(f"{wanted} for {for_seconds:g} s", held, within_seconds, every_seconds)
