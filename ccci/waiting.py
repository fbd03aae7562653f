"""Every wait has a condition and a deadline, and tells what it last saw."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed


@dataclass(frozen=True)
class Look:
    """One look at the thing waited for: whether it is as wanted, and what was seen."""

    good: bool
    seen: str


class TooLate(Exception):
    """A deadline passed. `seen` is the last look, `after_seconds` how long was waited."""

    def __init__(self, wanted: str, seen: str, after_seconds: float) -> None:
        super().__init__(
            f"Expected {wanted}; last seen: {seen} (looked for {after_seconds:.1f} s)."
        )
        self.wanted, self.seen, self.after_seconds = wanted, seen, after_seconds


def wait_for(
    wanted: str, look: Callable[[], Look], within_seconds: float, every_seconds: float = 0.2
) -> Look:
    """Look until it is good, and return that look.

    Args:
        wanted: what is waited for, to be read after "Expected".
        look: looks once. Its own exceptions end the wait: they are not retried.
        within_seconds: the deadline.
        every_seconds: pause between two looks.

    Raises:
        TooLate: the deadline passed.
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
    """Look until it has been good without a break for `for_seconds`, and return the last look.

    A state that is good for a moment and then falls back is not converged.

    Raises:
        TooLate: no such stretch began and ended before the deadline.
    """
    good_since: float | None = None

    def stretch() -> Look:
        nonlocal good_since
        now = look()
        if not now.good:
            good_since = None
            return now
        good_since = good_since or time.monotonic()
        held = time.monotonic() - good_since
        return Look(held >= for_seconds, f"{now.seen}, held for {held:.1f} s")

    return wait_for(f"{wanted} for {for_seconds:g} s", stretch, within_seconds, every_seconds)
