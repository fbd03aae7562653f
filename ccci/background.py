"""An event loop in a thread of its own, for clients that go on between two keywords."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any

from ccci.errors import NodeFailure

# Added to a deadline before the loop counts as blocked.
_GRACE_SECONDS = 10.0


class BackgroundLoop:
    """Runs coroutines one after another or at once; all that they share is in one thread."""

    def __init__(self, name: str) -> None:
        """Start it, under this name."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Start a coroutine, and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Any], within_seconds: float) -> Any:
        """Run a coroutine, and return what it returns.

        Raises:
            TimeoutError: it was not done in time.
            NodeFailure: nothing is done any more: something blocks the loop.
        """
        doing = self.begin(asyncio.wait_for(work, within_seconds))
        try:
            return doing.result(within_seconds + _GRACE_SECONDS)
        except TimeoutError:
            if doing.done():
                raise
            doing.cancel()
            raise NodeFailure(f"The thread '{self._thread.name}' is blocked.") from None

    def close(self) -> None:
        """End what still runs, and the thread. A thread that does not end is left behind."""
        with suppress(TimeoutError):
            self.begin(_end_others()).result(_GRACE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_GRACE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
