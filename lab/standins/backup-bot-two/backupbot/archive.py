"""Puts a snapshot or a part of it into the archive that `abra app backup download` fetches."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from backupbot.errors import BackupError

# abra copies the archive from here; the name is part of the contract.
ARCHIVE = Path("/tmp/backup.tar.gz")


def write_archive(tar: IO[bytes], paths: Sequence[str], archive: Path = ARCHIVE) -> int:
    """Copy the entries at or below `paths` of a tar stream into a gzipped archive.

    Args:
        tar: a tar stream, read once from beginning to end.
        paths: absolute paths to keep.
        archive: where to write; it appears whole or not at all.

    Returns:
        How many entries it holds.

    Raises:
        BackupError: if nothing is at those paths.
    """
    tops = tuple(f"{path.strip('/')}/" for path in paths)
    kept = 0
    handle, unfinished = tempfile.mkstemp(dir=archive.parent, prefix=archive.name)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            tarfile.open(fileobj=tar, mode="r|") as source,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as made,
        ):
            for entry in source:
                entry.name = entry.name.strip("/")
                if f"{entry.name}/".startswith(tops):
                    made.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
                    kept += 1
        if not kept:
            raise BackupError(f"the snapshot holds nothing at {', '.join(paths)}")
        Path(unfinished).replace(archive)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return kept
