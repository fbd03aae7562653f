"""The poller: looks at the forge, brings each request on, posts what there is to say; for ever."""

import sqlite3
import threading
import time
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

# While something runs: how often its progress is looked at.
_TICK_SECONDS = 2.0
# The pages say how old results are, and other runs of the node are in them, too.
_PAGES_SECONDS = 24 * 3600.0


class Poller:
    """One poller. Several on one node take turns, and none does what another did."""

    def __init__(self, forge: Forge, store: Store, tell: Callable[[str], None]) -> None:
        """Take the forge, the store, and who is told what happens, in a sentence."""
        self._forge, self._store, self._tell = forge, store, tell
        self._watch = Watch(forge, store, tell)
        self._dispatch = Dispatch(forge, store, tell)
        self._publish = Publish(forge, store, tell)
        self._wake = threading.Event()
        self._ended = False
        self._trouble = ""
        self._pages_written = time.monotonic()

    def start(self) -> None:
        """Note the boot, and remove what runs left that a crash or a reboot cut off."""
        if self._store.note_boot(boot_id()):
            self._tell("this node was rebooted since the last look")
        sweep(report=self._tell)
        self._trouble = self._try(self._write_dashboard)
        if self._trouble:
            self._tell(self._trouble)

    def wake(self) -> None:
        """Have the next look at once."""
        self._wake.set()

    def end(self) -> None:
        """End `run` after its present turn. Runs go on, and the next poller takes them up."""
        self._ended = True
        self._wake.set()

    def run(self) -> None:
        """Take turn after turn until `end` is called."""
        interval = self._forge.settings.interval_seconds
        looked = -interval
        knocked = False
        while not self._ended:
            knocked = self._wake.is_set() or knocked
            self._wake.clear()
            since = time.monotonic() - looked
            # However often somebody knocks, looks have a distance.
            look = since >= interval or (knocked and since >= _TICK_SECONDS)
            if look:
                looked, knocked = time.monotonic(), False
            self.turn(look)
            busy = knocked or bool(self._store.requests(*LIVE))
            rest = looked + interval - time.monotonic()
            self._wake.wait(max(0.0, min(rest, _TICK_SECONDS) if busy else rest))

    def turn(self, look: bool = True) -> None:
        """Take one turn: look at the forge, bring requests on, post what changed.

        Trouble of the forge or the node is told and ends that part, not the poller: nothing was
        noted that did not happen, so that the next turn does what this one could not.

        Args:
            look: ask the forge for comments, too.
        """
        with self._store.turn():
            # Told at once that they are queued: what is to be tested takes its time to fetch.
            parts = [self._watch.look, self._publish.step] if look else []
            trouble = [self._try(part) for part in (*parts, self._bring_on, self._publish.step)]
        words = " ".join(dict.fromkeys(filter(None, trouble)))
        if words != self._trouble and (words or look):
            self._tell(words or "the trouble is over")
            self._trouble = words

    def _try(self, part: Callable[[], None]) -> str:
        """Do a part of a turn; return what kept it from being done, or ""."""
        try:
            part()
        except (CcciError, OSError, sqlite3.Error) as error:
            return str(error)
        return ""

    def _bring_on(self) -> None:
        old = time.monotonic() - self._pages_written >= _PAGES_SECONDS
        if self._dispatch.step() or old:
            self._write_dashboard()

    def _write_dashboard(self) -> None:
        # Noted first: where they cannot be written, that is tried again tomorrow.
        self._pages_written = time.monotonic()
        folder = self._forge.settings.dashboard_folder or PROJECT / "results" / "web"
        # For a web server: the logs that were cleared, and nothing else of the results.
        write_site(PROJECT / "results", folder, for_the_web=True)
