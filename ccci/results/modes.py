"""Who may read results: their owner and its group. Only the dashboard's pages are for everybody."""

import os
from pathlib import Path

_FOLDER, _FILE = 0o750, 0o640
_SERVED_FOLDER, _SERVED_FILE = 0o755, 0o644


def closed_folder(folder: Path) -> Path:
    """Return a folder that others cannot enter; it and those above it are made where missing.

    Whatever the umask is, others then reach nothing below it, not even before `close` is called.
    Folders above it that exist already stay as they are.

    Example:
        >>> closed_folder(Path("results/gitea/20261123-234723-30ed"))  # doctest: +SKIP
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=_FOLDER, exist_ok=True)
    for one in {folder, *missing}:
        limit(one)
    return folder


def close(folder: Path) -> None:
    """Take from a folder and all below it what others may do, and what the group may write.

    Robot and others write these files, with the umask of whoever started them. Links stay as they
    are.
    """
    limit(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            limit(Path(place, name))


def serve(path: Path) -> None:
    """Let everybody read a page of the dashboard, or enter its folder: a web server has to."""
    path.chmod(_SERVED_FOLDER if path.is_dir() else _SERVED_FILE)


def limit(path: Path) -> None:
    """Take from one file or folder what others may do, and what the group may write."""
    if path.is_symlink():
        return
    mode = path.stat().st_mode & 0o777
    most = _FOLDER if path.is_dir() else _FILE
    if mode & ~most:
        path.chmod(mode & most)
