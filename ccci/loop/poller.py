"""The poller: each cycle polls the forge, advances the requests, and posts what has changed."""

import threading
import time
import traceback
from collections.abc import Callable

from ccci.dashboard.site import write_site
from ccci.errors import CcciError
from ccci.loop.dispatch import Dispatch
from ccci.loop.forge import Forge
from ccci.loop.publish import Publish
from ccci.loop.store import LIVE, Store
from ccci.loop.watch import Watch
from ccci.node.state import boot_id
from ccci.project import PROJECT
from ccci.teardown.sweep import sweep

# Between two cycles while something is queued or running.
_BUSY_SECONDS = 2.0
# The dashboard shows how old results are, and also runs that the poller did not start.
_PAGES_SECONDS = 24 * 3600.0


class Poller:
    """One poller. Several on one node share the work: what one has done, the others skip."""

    def __init__(self, forge: Forge, store: Store, log: Callable[[str], None]) -> None:
        """Take the forge and the store to work with.

        Args:
            forge: the forge to poll.
            store: the requests, and what was posted.
            log: called with a line for each event.
        """
        self._forge, self._store, self._log = forge, store, log
        self._watch = Watch(forge, store, log)
        self._dispatch = Dispatch(forge, store, log)
        self._publish = Publish(forge, store, log)
        self._wake = threading.Event()
        self._stopped = False
        self._last_error = ""
        self._pages_written = time.monotonic()

    def start(self) -> None:
        """Record the boot, and clean up after runs that a crash or a reboot cut off."""
        if self._store.record_boot(boot_id()):
            self._log("this node was rebooted since the last start")
        parts = (lambda: sweep(report=self._log), self._write_dashboard)
        self._last_error = " ".join(filter(None, map(self._error_of, parts)))
        if self._last_error:
            self._log(self._last_error)

    def trigger(self) -> None:
        """Poll the forge now instead of at the end of the interval."""
        self._wake.set()

    def stop(self) -> None:
        """End `run` after the current cycle. Runs go on; the next poller follows them."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Repeat the cycle until `stop` is called."""
        interval = self._forge.settings.interval_seconds
        polled = -interval
        triggered = False
        while not self._stopped:
            triggered = self._wake.is_set() or triggered
            self._wake.clear()
            since = time.monotonic() - polled
            # However many webhooks arrive, there is a pause between two polls.
            poll = since >= interval or (triggered and since >= _BUSY_SECONDS)
            if poll:
                polled, triggered = time.monotonic(), False
            self.cycle(poll)
            busy = triggered or self._has_work()
            rest = polled + interval - time.monotonic()
            self._wake.wait(max(0.0, min(rest, _BUSY_SECONDS) if busy else rest))

    def cycle(self, poll: bool = True) -> None:
        """Poll the forge, advance the requests, and post what has changed.

        An error is logged, whatever it is, and ends that part of the cycle only. What was not done
        was not recorded either, so the next cycle does it.

        Args:
            poll: whether to poll for new comments.
        """
        errors: list[str] = []

        def locked_cycle() -> None:
            with self._store.cycle_lock():
                # New requests are posted before they are advanced, too: fetching a commit can take
                # minutes, and the comment must say *queued* until then.
                parts = [self._watch.poll, self._publish.step] if poll else []
                parts += [self._advance, self._publish.step]
                errors.extend(self._error_of(part) for part in parts)

        errors.append(self._error_of(locked_cycle))
        error = " ".join(dict.fromkeys(filter(None, errors)))
        if error != self._last_error and (error or poll):
            self._log(error or "the error is gone")
            self._last_error = error

    def _error_of(self, part: Callable[[], object]) -> str:
        """Run a part of a cycle; return the message of its error, or ""."""
        try:
            part()
        except (CcciError, OSError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  Nothing may end the poller but a signal.
            return f"Internal error: {error}\n{traceback.format_exc()}"
        return ""

    def _has_work(self) -> bool:
        try:
            return bool(self._store.requests(*LIVE))
        except CcciError:
            return True  # Told by the cycle. It is tried again soon.

    def _advance(self) -> None:
        due = time.monotonic() - self._pages_written >= _PAGES_SECONDS
        if self._dispatch.step() or due:
            self._write_dashboard()

    def _write_dashboard(self) -> None:
        # Set first: if the pages cannot be written, the next attempt is a day later.
        self._pages_written = time.monotonic()
        folder = self._forge.settings.dashboard_folder or PROJECT / "results" / "web"
        # A web server may serve this folder, so it gets cleared logs only.
        write_site(PROJECT / "results", folder, for_the_web=True)
