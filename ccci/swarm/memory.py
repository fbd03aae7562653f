"""How much memory a run's apps use together, measured once a second during the run.

Counted are the containers of the run's stacks on this node, with dependencies: for each the memory
of its cgroup, less the file cache that the kernel frees first (as in `docker stats`). Not counted
are swap, the tests and their browser, containers on other nodes, and a peak between two
measurements. The kernel's files are read, since Docker's own statistics take up to a second for
each container.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException

from ccci.swarm.cgroup import CGROUPS, PROCESSES, cgroup_of
from ccci.swarm.holdings import STACK_LABEL

if TYPE_CHECKING:
    from docker import DockerClient

EVERY_SECONDS = 1.0
# The usage file, and the key of the cache that can be freed.
_V1 = "memory.usage_in_bytes", "total_inactive_file"
_V2 = "memory.current", "inactive_file"


class MemoryWatch:
    """Measures again and again, and keeps the largest sum.

    Args:
        client: the Docker daemon.
        stacks: returns the run's stacks at the moment.
        every_seconds: the pause between two measurements.

    Example:
        ``watch = MemoryWatch(docker.from_env(), journal.stacks); watch.start(); watch.stop()``
    """

    def __init__(
        self,
        client: "DockerClient",
        stacks: Callable[[], list[str]],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """Measure nothing yet."""
        self._api: Any = client.api
        self._stacks = stacks
        self._every_seconds = every_seconds
        self._pids: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="memory of the apps")
        self.peak_bytes: int | None = None

    def start(self) -> None:
        """Begin to measure, in a thread of its own."""
        self._thread.start()

    def stop(self) -> int | None:
        """Stop measuring; return the peak in bytes, None when no container was ever measured."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        return self.peak_bytes

    def measure(self) -> int | None:
        """Return the bytes that the containers use together; None when none can be measured."""
        stacks = set(self._stacks())
        listed = self._api.containers(filters={"label": STACK_LABEL}) if stacks else []
        ids = [one["Id"] for one in listed if one["Labels"].get(STACK_LABEL) in stacks]
        found = [memory_of(one, self._pid(one)) for one in ids]
        known = [each for each in found if each is not None]
        return sum(known) if known else None

    def _watch(self) -> None:
        while True:
            try:
                seen = self.measure()
            except (DockerException, OSError):
                # A container ended between two calls, or the daemon is busy: no measurement this
                # time. If every one fails, the peak stays None and is reported so.
                seen = None
            if seen is not None:
                self.peak_bytes = max(seen, self.peak_bytes or 0)
            if self._over.wait(self._every_seconds):
                return

    def _pid(self, container: str) -> int:
        if container not in self._pids:
            self._pids[container] = int(self._api.inspect_container(container)["State"]["Pid"])
        return self._pids[container]


def memory_of(
    container: str, pid: int, cgroups: Path = CGROUPS, processes: Path = PROCESSES
) -> int | None:
    """Return the bytes of memory that a container uses, by cgroup v1 or v2.

    None where the cgroup's files are not visible here (another node, a private view), or are gone.

    Args:
        container: its full id.
        pid: its first process, as numbered on this machine.
        cgroups: where the cgroups are mounted.
        processes: where the process files are mounted.
    """
    cgroup = cgroup_of(container, pid, "memory", cgroups, processes)
    if cgroup is None:
        return None
    usage, cache = _V2 if cgroup.unified else _V1
    try:
        used = int((cgroup.folder / usage).read_text(encoding="ascii"))
        stat = (cgroup.folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return None
    figures = dict(line.split(" ", 1) for line in stat)
    return max(0, used - int(figures.get(cache, 0)))
