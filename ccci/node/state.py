"""The state folder, which all runs of a node share, and the identity of a process.

Every clone and user of the node has the same state folder. A process is identified by its pid, the
clock tick of its start and the boot, so that neither a reused pid nor a reboot makes a dead process
look alive. (All runs of a node are assumed to have the same pid namespace.)
"""

import errno
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ccci.errors import Misuse, NodeFailure

DEFAULT_STATE_DIR = "/var/lib/ccci"


def state_dir() -> Path:
    """Return the node's state folder as an absolute path; made with mode 0700 if it is missing.

    ``CCCI_STATE_DIR`` sets another place. An existing folder keeps its mode, since it may be shared
    with others on purpose.

    Raises:
        Misuse: the folder cannot be made, or is not a folder.
        NodeFailure: its disk is full.

    Example: ``state_dir() / "runs"``
    """
    folder = Path(os.environ.get("CCCI_STATE_DIR") or DEFAULT_STATE_DIR).absolute()
    return _made(folder)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"The state folder {folder} cannot be made ({error.strerror}): "
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NodeFailure(f"{message}free some space on its disk.") from error
        raise Misuse(
            f"{message}run as root, or set CCCI_STATE_DIR to a folder that you can write."
        ) from error
    return folder


def private_dir(*parts: str) -> Path:
    """Return the folder ``parts`` in the state folder; made with mode 0700 if it is missing."""
    folder = state_dir()
    for part in parts:
        folder = _made(folder / part)
    return folder


def boot_id() -> str:
    """Return the kernel's id of the current boot; each reboot has another."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, distinct from every other that ever had its pid.

    Args:
        pid: process id.
        start_ticks: start time in clock ticks since boot (field 22 of /proc/<pid>/stat).
        boot_id: the boot in which the process runs.

    Example: ``ProcessIdentity.of(os.getpid()).alive()``
    """

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the identity of a running process.

        Raises:
            ProcessLookupError: there is no such process.
        """
        _, start_ticks = _state_and_start(pid)
        return cls(pid, start_ticks, boot_id())

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the identity in a JSON object that `to_json` made."""
        return cls(int(fields["pid"]), int(fields["start_ticks"]), str(fields["boot_id"]))

    def to_json(self) -> dict[str, Any]:
        """Return the identity as a JSON object."""
        return asdict(self)

    def alive(self) -> bool:
        """Return whether this process is still running; a zombie is not."""
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
    # The name is in parentheses, and may have spaces and parentheses itself.
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])
