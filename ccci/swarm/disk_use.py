"""How much of the node's disk a container fills: its writable layer and its volumes."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

# What a file takes at least: the kernel's own record of it. Empty files fill a disk too.
LEAST_BYTES = 4096
# Below that nobody counts: each level costs a descriptor.
_DEEPEST = 256
_IN_MEMORY = frozenset({"tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "proc", "sysfs", "mqueue"})


def folders_of(container: dict[str, Any]) -> list[Path]:
    """Return where on this machine an inspected container writes to; [] where none is visible."""
    volumes = [one["Source"] for one in container["Mounts"] if one["Type"] == "volume"]
    paths = [Path(text) for text in (layer_of(container), *volumes) if text]
    return [path for path in paths if path.is_dir()]


def own_files_of(container: dict[str, Any]) -> int:
    """Return the bytes of Docker's own files of a container: an app may write into /etc/hosts."""
    used = 0
    for key in ("HostsPath", "HostnamePath", "ResolvConfPath"):
        if container.get(key):
            with suppress(OSError):
                used += Path(container[key]).stat().st_blocks * 512
    return used


def layer_of(container: dict[str, Any]) -> str:
    """Return the folder of an inspected container's writable layer; "" where Docker names none.

    Docker with containerd's image store names none, and says how large it is instead.
    """
    data = (container.get("GraphDriver") or {}).get("Data") or {}
    return str(data.get("UpperDir") or "")


def used_by(folders: Iterable[Path], up_to: int) -> int:
    """Return the bytes of disk that folders take, or more than `up_to`, where counting ends.

    Counting also ends in folders that are too deep in one another. Links are not followed, also
    when an app swaps a folder for one meanwhile.
    """
    used = 0
    for folder in folders:
        deepest = len(folder.parts) + _DEEPEST
        for path, names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
            if len(Path(path).parts) > deepest:
                return up_to + 1
            used += LEAST_BYTES * len(names)
            for name in files:
                try:
                    found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                except OSError:
                    continue  # It was removed meanwhile.
                used += max(LEAST_BYTES, found.st_blocks * 512)
            if used > up_to:
                return used
    return used


def held_by(processes: Iterable[int], root: Path = Path("/proc")) -> int:
    """Return the bytes of disk of files that processes hold open, and that are in no folder.

    Args:
        processes: their numbers on this machine; what has ended or is not visible holds nothing.
        root: where the process files are mounted.
    """
    sizes: dict[tuple[int, int], int] = {}
    for process in processes:
        with suppress(OSError):
            on_disk = _disks_of(root / str(process) / "mountinfo")
            for entry in (root / str(process) / "fd").iterdir():
                with suppress(OSError):
                    found = entry.stat()
                    if found.st_nlink == 0 and found.st_dev in on_disk:
                        sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


def _disks_of(mountinfo: Path) -> set[int]:
    """Return the devices that a process sees and that are not in memory.

    As https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html has it.
    """
    found = set()
    for line in mountinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        device, kind = line.split()[2], line.partition(" - ")[2].split()[0]
        if kind not in _IN_MEMORY:
            major, minor = device.split(":")
            found.add(os.makedev(int(major), int(minor)))
    return found


def free_bytes(folder: Path) -> int | None:
    """Return what a disk has room for, in bytes and in files; None where it is not visible."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize + found.f_favail * LEAST_BYTES
