"""Where the kernel's files about a container are, by cgroup v1 or v2."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Cgroup:
    """A container's files of one controller.

    Attributes:
        folder: where they are.
        unified: whether this is cgroup v2, whose files have other names.
    """

    folder: Path
    unified: bool


def cgroup_of(
    container: str,
    pid: int,
    controller: str,
    cgroups: Path = CGROUPS,
    processes: Path = PROCESSES,
) -> Cgroup | None:
    """Return a container's cgroup for a controller, such as `memory`.

    None where it is not visible here (another node, a private view), or is gone.

    Args:
        container: its full id.
        pid: its first process, as numbered on this machine.
        controller: the name of the controller.
        cgroups: where the cgroups are mounted.
        processes: where the process files are mounted.
    """
    try:
        lines = (processes / str(pid) / "cgroup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = _found([line.split(":", 2) for line in lines], controller, cgroups)
    # A pid can be reused; the container's id in the path cannot.
    return found if container in str(found.folder) else None


def processes_of(
    container: str, pid: int, cgroups: Path = CGROUPS, processes: Path = PROCESSES
) -> set[int]:
    """Return the processes of a container, as numbered on this machine; see `cgroup_of`."""
    cgroup = cgroup_of(container, pid, "pids", cgroups, processes)
    found: set[int] = set()
    for listed in cgroup.folder.rglob("cgroup.procs") if cgroup else ():
        with suppress(OSError):
            found.update(map(int, listed.read_text(encoding="ascii").split()))
    return found


def _found(groups: list[list[str]], controller: str, cgroups: Path) -> Cgroup:
    for _, controllers, path in groups:
        if controller in controllers.split(","):
            return Cgroup(cgroups / controller / path.lstrip("/"), False)
    unified = next((path for number, _, path in groups if number == "0"), "")
    return Cgroup(cgroups / unified.lstrip("/"), True)
