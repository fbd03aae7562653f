"""How much of the node's disk a container fills: its writable layer and its volumes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What a file takes at least: the kernel's own record of it. Empty files fill a disk too.
LEAST_BYTES = 4096


def folders_of(container: dict[str, Any]) -> list[Path]:
    """Return where on this machine an inspected container writes to; [] where none is visible."""
    layer = ((container.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    volumes = [one["Source"] for one in container["Mounts"] if one["Type"] == "volume"]
    paths = [Path(text) for text in (layer, *volumes) if text]
    return [path for path in paths if path.is_dir()]


def used_by(folders: Iterable[Path], up_to: int) -> int:
    """Return the bytes of disk that folders take, or more than `up_to`, where counting ends.

    Links are not followed, also when an app swaps a folder for one meanwhile.
    """
    used = 0
    for folder in folders:
        for _, names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
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


def free_bytes(folder: Path) -> int | None:
    """Return what a disk has room for, in bytes and in files; None where it is not visible."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize + found.f_favail * LEAST_BYTES
