"""When something that failed is tried again: after a pause that grows, and not for ever."""

from ccci.loop.store import Failure, Store

# The first time it is tried again at once. The pauses after that are 4 s, 12 s, 28 s, ...
FIRST_SECONDS = 4.0
LONGEST_SECONDS = 600.0
# After this time nobody expects an answer any more.
GIVE_UP_SECONDS = 3600.0


class Backoff:
    """The failures of one poller, by what failed; they are stored, so that a restart keeps them.

    Example:
        >>> backoff.failed("request 7", now=0.0), backoff.is_due("request 7", now=1.0)
        ... # doctest: +SKIP
        (False, False)
    """

    def __init__(self, store: Store) -> None:
        """Take the store to keep the failures in."""
        self._store = store

    def is_due(self, what: str, now: float) -> bool:
        """Return whether something may be tried: it has not failed, or its pause is over."""
        found = self._store.failure(what)
        return found is None or now >= found.next_try or now < found.since

    def failed(self, what: str, now: float) -> bool:
        """Record a failure; return whether it has failed for so long that it should be given up."""
        found = self._store.failure(what)
        since, count = (found.since, found.count) if found else (now, 0)
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * (2 ** min(count, 20) - 1))
        self._store.set_failure(what, Failure(since, count + 1, now + pause))
        return now - since >= GIVE_UP_SECONDS

    def forget(self, what: str) -> None:
        """Forget the failures of something that has succeeded, or was given up."""
        self._store.forget_failure(what)
