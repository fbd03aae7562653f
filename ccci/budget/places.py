"""The node's budget: how many apps may be live at once, by weight, first come first served.

One file per request in ``<state>/budget/``, numbered in order of arrival and locked by its process
as long as the request waits or holds its share. Nothing has to be given back: when the last
process that has the file open ends, the kernel frees the lock, and the next process that reads the
folder removes the file. A request gets its share when all earlier ones have theirs and there is
room, so that light requests never starve a heavy one. Runs of a matrix that holds a share for all
of them do not queue (`take`).

The lock belongs to the open file, which a run also gives to its reaper (`reaper.entrust`): a killed
run counts until it is torn down, and no longer, even when the reaper is killed too.
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
        number: its position in the order of arrival.
        who: who requested it, for messages.
        weight: the share.
        holds: whether it has its share; False while it waits.
        since: when it began to wait or to hold its share, seconds since 1970.
        pid: the process that requested it.
        queues: whether it waits for all earlier requests; see `Budget.take`.
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
        places = "place" if self.weight == 1 else "places"
        return (
            f"{self.who} {verb} {self.weight} {places}, for {minutes:.0f} min (process {self.pid})"
        )


@dataclass(frozen=True)
class Wait:
    """Why a request waits: what it needs, what there is, and who is before it.

    Args:
        weight: the share that it needs.
        slots: the whole budget.
        seconds: how long it has waited.
        ahead: the requests that hold a share, and the earlier ones that wait.
    """

    weight: int
    slots: int
    seconds: float
    ahead: tuple[Holder, ...]

    def __str__(self) -> str:
        used = sum(holder.weight for holder in self.ahead if holder.holds)
        ahead = "; ".join(str(holder) for holder in self.ahead) or "it is next"
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
        """Return the descriptor of the open file whose lock is the lease.

        Raises:
            ValueError: it was released.
        """
        if self._descriptor is None:
            raise ValueError(f"the lease of {self.holder.who} was released")
        return self._descriptor

    def release(self) -> None:
        """Give the share back, whoever else has a copy of the file. Does nothing the second time.

        Only the process that took it may call this, not a fork of that process.
        """
        if self._descriptor is not None:
            # First the name, so that nobody finds an unlocked file; then the lock, explicitly,
            # since the reaper has the file open too.
            self.path.unlink(missing_ok=True)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def leave_to_reaper(self) -> None:
        """Close the file here and keep the share: the reaper of a kept run holds it."""
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
        slots: how many apps of weight 1 fit at once.

    Example: ``Budget(default_slots()).take(1, "custom-html", on_wait=lambda wait: print(wait))``
    """

    def __init__(self, slots: int) -> None:
        """Set the size; processes with different sizes still see each other's shares."""
        if slots < 1:
            raise Misuse(f"A budget of {slots} places is too small; set MAX_TESTS to 1 or more.")
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
            who: who requests it, for messages to others.
            on_wait: called when the wait begins, when the requests ahead change, and every 15 s.
            deadline_seconds: how long to wait at most.
            queues: False lets it go before earlier requests that wait, except those with False
                too. Only for a run for which a holder of a share waits, such as a matrix: behind
                a request that waits for the matrix's share, the run would wait for ever.

        Raises:
            Misuse: the weight can never fit, or is less than 1.
            NodeFailure: the deadline passed; the sentence names who holds the budget.
        """
        if weight < 1:
            raise Misuse(f"The weight of {who} is {weight}; it must be 1 or more.")
        if weight > self.slots:
            raise Misuse(
                f"{who} can never fit: it needs {weight} places and this node has {self.slots}. "
                f"Set MAX_TESTS to {weight} or more if the node has the memory for it."
            )
        lease = self._request(weight, who, queues)
        try:
            self._wait(lease, on_wait, deadline_seconds)
        except BaseException:
            lease.release()
            raise
        return lease

    def holders(self) -> list[Holder]:
        """Return the requests that hold a share or wait for one, in order of arrival."""
        with self._mutex():
            return self._living()

    def _wait(
        self, lease: Lease, on_wait: Callable[[Wait], None] | None, deadline_seconds: float
    ) -> None:
        mine = lease.holder
        begun = time.monotonic()
        reported: tuple[Holder, ...] | None = None
        reported_at = begun
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
                    f"{mine.who} got no share of the node within {deadline_seconds:.0f} s: "
                    f"{wait}. End one of these, or raise MAX_TESTS."
                )
            if on_wait and (reported != ahead or now - reported_at > REMIND_SECONDS):
                on_wait(wait)
                reported, reported_at = ahead, now
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
                # Locked before the mutex is freed: nobody sees it unlocked while this one lives.
                locks.try_lock(descriptor)
                _write(descriptor, holder)
            except OSError as error:
                lease.release()
                raise NodeFailure(
                    f"The budget in {self._folder} is not writable ({error.strerror})."
                ) from error
        return lease

    def _living(self) -> list[Holder]:
        """Return the requests of living processes; remove the files of the others."""
        living = []
        for path in sorted(self._folder.glob("*.lease")):
            if not locks.is_locked(path):
                path.unlink(missing_ok=True)
                continue
            try:
                living.append(Holder(**json.loads(path.read_bytes())))
            except (FileNotFoundError, ValueError):
                # Released at this moment; or its process was killed while it wrote, and the kernel
                # freed the mutex before this lock. It holds nothing then.
                continue
        return living

    def _mutex(self) -> AbstractContextManager[None]:
        return locks.locked(self._folder / "mutex")


def default_slots() -> int:
    """Return ``MAX_TESTS``, else the `places` of this machine or of the Swarm's nodes together.

    Raises:
        Misuse: MAX_TESTS is not a whole number of 1 or more.
    """
    wanted = os.environ.get("MAX_TESTS", "").strip()
    if wanted:
        if not wanted.isascii() or not wanted.isdigit() or int(wanted) < 1:
            raise Misuse(f"MAX_TESTS is {wanted!r}; it must be a whole number of 1 or more.")
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
    # Overwritten, then truncated; both with the mutex held, so that nobody reads in between.
    data = json.dumps(asdict(holder)).encode()
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))
