"""The node's budget: how many apps may be live at once, by weight, first come first served.

One file per request in ``<state>/budget/``, numbered in order of arrival and locked by its process
as long as the request waits or holds its weight. Nothing has to be given back: when the last
process that has the file open is gone, the kernel frees the lock, and whoever looks next removes
the file. A request gets its weight when all that came before it have theirs and there is room, so
light requests never starve a heavy one. Runs of a matrix that holds a share for all of them do not
queue (`take`).

The lock belongs to the open file, which a run also gives to its reaper (`reaper.entrust`): a killed
run counts until it is torn down, and no longer, even when the reaper is killed as well.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from ccci.budget.node_resources import Resources, available
from ccci.errors import Misuse, NodeFailure
from ccci.node import locks
from ccci.node.state import private_dir

POLL_SECONDS = 0.1
REMIND_SECONDS = 15.0
BYTES_PER_SLOT = 2 * 1024**3
SLOTS_PER_CORE = 2


@dataclass(frozen=True)
class Holder:
    """One request for a share of the budget.

    Args:
        number: its place in the order of arrival.
        who: who asks, for messages.
        weight: the share.
        holds: it has its share; False while it waits.
        since: since when, seconds since 1970.
        pid: the process that asked.
        queues: it waits for all that came before it; see `Budget.take`.
    """

    number: int
    who: str
    weight: int
    holds: bool
    since: float
    pid: int
    queues: bool = True

    def __str__(self) -> str:
        minutes = (time.time() - self.since) / 60
        verb = "holds" if self.holds else "waits for"
        return f"{self.who} {verb} {self.weight} since {minutes:.0f} min (process {self.pid})"


@dataclass(frozen=True)
class Wait:
    """Why a request waits: what is asked, what there is, and who comes before it.

    Args:
        weight: the share asked for.
        slots: the whole budget.
        seconds: for how long it has waited.
        ahead: those that hold a share, and those that came earlier and wait.
    """

    weight: int
    slots: int
    seconds: float
    ahead: tuple[Holder, ...]

    def __str__(self) -> str:
        used = sum(holder.weight for holder in self.ahead if holder.holds)
        ahead = "; ".join(str(holder) for holder in self.ahead) or "nobody any more"
        return (
            f"waiting for {self.weight} of {self.slots} places on the node, {used} taken, "
            f"for {self.seconds:.0f} s: {ahead}"
        )


class Lease:
    """A share of the budget, held until `release`, the end of the ``with`` block or of the process.

    Example: ``with Budget(4).take(2, "run 20260102-030405-ab12") as lease: ...``
    """

    def __init__(self, path: Path, descriptor: int, holder: Holder) -> None:
        """Hold the locked request file at ``path``, open as ``descriptor``."""
        self.path, self.holder = path, holder
        self._descriptor: int | None = descriptor

    def fileno(self) -> int:
        """Return the open file whose lock is the lease.

        Raises:
            ValueError: it was released.
        """
        if self._descriptor is None:
            raise ValueError(f"the lease of {self.holder.who} was released")
        return self._descriptor

    def release(self) -> None:
        """Give the share back, whoever else holds a copy of the file. Does nothing the second time.

        Only the process that took it may call this: a copy of it that a fork made may not.
        """
        if self._descriptor is not None:
            # First the name, so that nobody finds a free file that is about to go; then the lock,
            # by hand, since the reaper has the file open too.
            self.path.unlink(missing_ok=True)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def leave_to_reaper(self) -> None:
        """Close the file here and keep the share: the reaper holds it, for a run that is kept."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        """Return the lease."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release it."""
        self.release()


class Budget:
    """The budget of this node.

    Args:
        slots: how many light apps it takes at once.

    Example: ``Budget(default_slots()).take(1, "custom-html", on_wait=lambda wait: print(wait))``
    """

    def __init__(self, slots: int) -> None:
        """Take the size; processes that give different sizes share one account of what is used."""
        if slots < 1:
            raise Misuse(f"A budget of {slots} places fits nothing; give MAX_TESTS 1 or more.")
        self.slots = slots
        self._folder = private_dir("budget")

    def take(
        self,
        weight: int,
        who: str,
        on_wait: Callable[[Wait], None] | None = None,
        deadline_seconds: float = 4 * 3600.0,
        queues: bool = True,
    ) -> Lease:
        """Wait for a share of the budget and return it.

        Args:
            weight: the share.
            who: who asks, as others shall read it.
            on_wait: told when the wait begins, when those ahead change, and every 15 s.
            deadline_seconds: how long to wait at most.
            queues: False passes those that came earlier and wait, but for others who do so too.
                Only for who is waited for by somebody with a share: behind one who waits for that
                share, it would wait for ever.

        Raises:
            Misuse: it can never fit, or is no positive number.
            NodeFailure: the deadline passed; the sentence names who holds the budget.
        """
        if weight < 1:
            raise Misuse(f"The weight {weight} of {who} must be 1 or more.")
        if weight > self.slots:
            raise Misuse(
                f"{who} can never fit: it needs {weight} places and this node has {self.slots}. "
                f"Set MAX_TESTS={weight} or more if the node can carry that."
            )
        lease = self._request(weight, who, queues)
        try:
            self._wait(lease, on_wait, deadline_seconds)
        except BaseException:
            lease.release()
            raise
        return lease

    def holders(self) -> list[Holder]:
        """Return who holds a share and who waits for one, in order of arrival."""
        with self._mutex():
            return self._living()

    def _wait(
        self, lease: Lease, on_wait: Callable[[Wait], None] | None, deadline_seconds: float
    ) -> None:
        mine = lease.holder
        begun = time.monotonic()
        told: tuple[Holder, ...] | None = None
        told_at = begun
        while True:
            with self._mutex():
                living = self._living()
                holding = [one for one in living if one.holds]
                waiting = [one for one in living if not one.holds and one.number < mine.number]
                earlier = [one for one in waiting if mine.queues or not one.queues]
                if not earlier and sum(one.weight for one in holding) + mine.weight <= self.slots:
                    _write(lease.fileno(), replace(mine, holds=True, since=time.time()))
                    return
            now = time.monotonic()
            ahead = (*holding, *earlier)
            wait = Wait(mine.weight, self.slots, now - begun, ahead)
            if now - begun > deadline_seconds:
                raise NodeFailure(
                    f"{mine.who} found no place on the node within {deadline_seconds:.0f} s: "
                    f"{wait}. End one of these, or raise MAX_TESTS."
                )
            if on_wait and (told != ahead or now - told_at > REMIND_SECONDS):
                on_wait(wait)
                told, told_at = ahead, now
            time.sleep(POLL_SECONDS)

    def _request(self, weight: int, who: str, queues: bool) -> Lease:
        with self._mutex():
            numbers = [int(path.stem) for path in self._folder.glob("*.lease")]
            number = max(numbers, default=0) + 1
            holder = Holder(number, who, weight, False, time.time(), os.getpid(), queues)
            path = self._folder / f"{number:09d}.lease"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lease = Lease(path, descriptor, holder)
            try:
                # Locked before the mutex is free: nobody ever sees it unlocked while we live.
                locks.try_lock(descriptor)
                _write(descriptor, holder)
            except OSError as error:
                lease.release()
                raise NodeFailure(
                    f"The budget in {self._folder} cannot be written ({error.strerror})."
                ) from error
        return lease

    def _living(self) -> list[Holder]:
        """Return the requests that some process still holds; remove the files of the others."""
        living = []
        for path in sorted(self._folder.glob("*.lease")):
            if not locks.is_locked(path):
                path.unlink(missing_ok=True)
                continue
            try:
                living.append(Holder(**json.loads(path.read_bytes())))
            except (FileNotFoundError, ValueError):
                # Released this moment; or its process is being killed in the middle of a line, and
                # the kernel freed the mutex before this lock. It does not hold anything then.
                continue
        return living

    def _mutex(self) -> AbstractContextManager[None]:
        return locks.locked(self._folder / "mutex")


def default_slots() -> int:
    """Return ``MAX_TESTS``, else the `places` of this machine or of the Swarm's nodes together.

    Raises:
        Misuse: MAX_TESTS is no positive whole number.
    """
    wanted = os.environ.get("MAX_TESTS", "").strip()
    if wanted:
        if not wanted.isascii() or not wanted.isdigit() or int(wanted) < 1:
            raise Misuse(f"MAX_TESTS={wanted!r} must be a whole number, 1 or more.")
        return int(wanted)
    return places(available())


def places(resources: Resources) -> int:
    """Return how many places memory (2 GiB each) and cores (2 places each) allow, at least one.

    Example:
        >>> places(Resources(memory_bytes=3 * BYTES_PER_SLOT, cores=2))
        3
    """
    by_memory = resources.memory_bytes // BYTES_PER_SLOT
    return max(1, min(by_memory, resources.cores * SLOTS_PER_CORE))


def _write(descriptor: int, holder: Holder) -> None:
    # Over the old text, then the cut; both within the mutex, so that nobody reads in between.
    data = json.dumps(asdict(holder)).encode()
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))
