"""Where a node keeps what its runs must know of each other, and which process is which.

The state folder is shared by every clone and user of the node. A process is named by its pid, the
clock tick it started at and the boot it belongs to, so that neither a reused pid nor a reboot can
make a dead process look alive. (All runs of one node are taken to share one pid namespace.)
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ccci.errors import Misuse

DEFAULT_STATE_DIR = "/var/lib/ccci"


def state_dir() -> Path:
    """Return the node's state folder, absolute; made with mode 0700 where it is missing.

    ``CCCI_STATE_DIR`` names another place. A folder that is there already keeps its mode: it may
    be one that is not ours to tighten.

    Raises:
        Misuse: the folder cannot be made or is none.

    Example: ``state_dir() / "runs"``
    """
    folder = Path(os.environ.get("CCCI_STATE_DIR") or DEFAULT_STATE_DIR).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(
            f"The state folder {folder} cannot be made ({error.strerror}): run as root, or set "
            "CCCI_STATE_DIR to a folder of yours."
        ) from error
    return folder


def private_dir(*parts: str) -> Path:
    """Return the folder ``parts`` below the state folder, made with mode 0700 where missing."""
    folder = state_dir()
    for part in parts:
        folder = folder / part
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def boot_id() -> str:
    """Return the kernel's identity of the present boot; another one after each reboot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, told apart from every other that ever had its pid.

    Args:
        pid: process id.
        start_ticks: start time in clock ticks since boot (field 22 of /proc/<pid>/stat).
        boot_id: the boot the process belongs to.

    Example: ``ProcessIdentity.of(os.getpid()).alive()``
    """

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Identify a process that is there now.

        Raises:
            ProcessLookupError: no such process.
        """
        _, start_ticks = _state_and_start(pid)
        return cls(pid, start_ticks, boot_id())

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read back what `to_json` gave."""
        return cls(int(fields["pid"]), int(fields["start_ticks"]), str(fields["boot_id"]))

    def to_json(self) -> dict[str, Any]:
        """Return the identity as a JSON object."""
        return asdict(self)

    def alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        if self.boot_id != boot_id():
            return False
        try:
            state, start_ticks = _state_and_start(self.pid)
        except ProcessLookupError:
            return False
        return start_ticks == self.start_ticks and state not in "ZX"


def _state_and_start(pid: int) -> tuple[str, int]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(f"no process {pid}") from None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])
