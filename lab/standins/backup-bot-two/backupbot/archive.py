"""Writes a snapshot or a part of it to the archive that `abra app backup download` copies."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from backupbot.errors import BackupError

# abra copies the archive from this path.
ARCHIVE = Path("/tmp/backup.tar.gz")


def write_archive(tar: IO[bytes], paths: Sequence[str], archive: Path = ARCHIVE) -> int:
    """Copy the entries of a tar stream that are in `paths` to a gzipped archive.

    Args:
        tar: the tar stream; it is read once.
        paths: the absolute paths of the files and folders to copy.
        archive: the archive to write; it is written in one step.

    Returns:
        The number of entries in the archive.

    Raises:
        BackupError: the stream has no such entries.
    """
    tops = tuple(f"{path.strip('/')}/" for path in paths)
    kept = 0
    handle, unfinished = tempfile.mkstemp(dir=archive.parent, prefix=archive.name)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            tarfile.open(fileobj=tar, mode="r|") as source,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as result,
        ):
            for entry in source:
                entry.name = entry.name.strip("/")
                if f"{entry.name}/".startswith(tops):
                    result.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
                    kept += 1
        if not kept:
            raise BackupError(f"the snapshot has nothing at {', '.join(paths)}")
        Path(unfinished).replace(archive)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return kept
