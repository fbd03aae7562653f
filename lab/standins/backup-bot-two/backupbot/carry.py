"""Carries files between the volumes of apps and this bot's own folder, following no link.

restic works by path, and an app decides what stands at a path in its volume, also while restic
works. So restic only ever sees the bot's own folder, which no app can reach, with the same paths.
Here, each folder is opened by its name in the open folder above it, and the kernel refuses a link
(`O_NOFOLLOW`): nothing that an app moves or links meanwhile leads out of its volume.
Source: https://man7.org/linux/man-pages/man2/open.2.html
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from backupbot.errors import BackupError
from backupbot.plan import VOLUMES_ROOT

# Where the recipe mounts the volumes of the server.
LIVE_ROOT = Path("/volumes")
OWN_ROOT = Path(VOLUMES_ROOT)

_LOCKS = Path("/run/lock")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not to wait for the other end of a named pipe.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 128
_KEPT_FREE_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20


@contextmanager
def own_folder(stack: str, volumes: Sequence[str], own: Path) -> Iterator[None]:
    """Keep the bot's own folder for some volumes of a stack, empty at the beginning and the end.

    Args:
        stack: the stack; another job of the same stack waits.
        volumes: the full names of its volumes.
        own: the folder that stands for the folder of all volumes.
    """
    for folder in (_LOCKS, own):
        folder.mkdir(parents=True, exist_ok=True)
    with (_LOCKS / f"backup-bot-two.{stack.replace('/', '_')}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _clear(volumes, own)
            own.mkdir(parents=True, exist_ok=True)
            yield
        finally:
            _clear(volumes, own)


def look(root: Path, path: PurePosixPath) -> os.stat_result | None:
    """Return what is at a path below a folder, or None if there is nothing.

    Raises:
        BackupError: a link stands in the way or at the end; the message names it.
    """
    nothing = suppress(FileNotFoundError, NotADirectoryError)
    with nothing, _opened(root, path.parts[:-1]) as folder:
        about = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(about.st_mode):
            raise _link_in_the_way(path)
        return about
    return None


def carry(source: Path, target: Path, paths: Sequence[PurePosixPath]) -> None:
    """Copy files and folders from below one folder to the same paths below another.

    Folders that exist are kept, with what else is in them. A file that exists gets the new content
    and stays the same file, for programs that have it open. Sockets and devices are left out.

    Args:
        source: the folder to copy from.
        target: the folder to copy to.
        paths: relative to both: a volume, "_data", and a path in it.

    Raises:
        BackupError: a link stands in the way of a path, or where a folder has to be; or the disk
            would be full. The message names the path.
    """
    for path in paths:
        try:
            with (
                _opened(source, path.parts[:-1]) as start,
                _opened(target, path.parts[:-1], make=True) as end,
            ):
                _copy(path.name, start, end, path)
        except OSError as error:
            raise BackupError(f"{_told(path)} cannot be copied: {error.strerror}") from error


@contextmanager
def _opened(root: Path, parts: Sequence[str], make: bool = False) -> Iterator[int]:
    """Open a folder below another, part by part."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for number, part in enumerate(parts):
            below = _enter(part, folder, PurePosixPath(*parts[: number + 1]), make)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _enter(name: str, folder: int, path: PurePosixPath, make: bool) -> int:
    if name == "..":
        raise BackupError(f"{_told(path)} is not in a volume")
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=folder)
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, folder):
            raise _link_in_the_way(path) from None
        raise


def _copy(name: str, start: int, end: int, path: PurePosixPath, depth: int = 0) -> None:
    """Copy one entry of an open folder into another open folder."""
    if depth > _DEEPEST:
        raise BackupError(f"{_told(path)} is more than {_DEEPEST} folders deep")
    try:
        kind = os.stat(name, dir_fd=start, follow_symlinks=False).st_mode
        if stat.S_ISDIR(kind):
            source = os.open(name, _FOLDER, dir_fd=start)
        elif stat.S_ISREG(kind):
            source = os.open(name, os.O_RDONLY | _FILE, dir_fd=start)
        elif stat.S_ISLNK(kind):
            _copy_link(name, start, end)
            return
        elif stat.S_ISFIFO(kind):
            _make_way(name, end)
            os.mkfifo(name, stat.S_IMODE(kind), dir_fd=end)
            return
        else:
            return
    except OSError as error:
        # A running app has removed it, or put something else there, since its folder was listed.
        if depth and error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            return
        raise
    try:
        if stat.S_ISDIR(kind):
            _copy_folder(name, source, end, path, depth)
        elif stat.S_ISREG(os.fstat(source).st_mode):
            _copy_file(name, source, end, path)
    finally:
        os.close(source)


def _copy_folder(name: str, source: int, end: int, path: PurePosixPath, depth: int) -> None:
    target = _enter(name, end, path, make=True)
    try:
        with os.scandir(source) as entries:
            for entry in entries:
                _copy(entry.name, source, target, path / entry.name, depth + 1)
        _copy_attributes(source, target)
    finally:
        os.close(target)


def _copy_file(name: str, source: int, end: int, path: PurePosixPath) -> None:
    size = os.fstat(source).st_size
    free = os.fstatvfs(end)
    if size > free.f_bavail * free.f_frsize - _KEPT_FREE_BYTES:
        raise BackupError(f"{_told(path)} has {size} bytes, and the disk would be full")
    target = _opened_file(name, end)
    try:
        os.ftruncate(target, 0)
        # Not more than that: the file may grow for ever.
        while size > 0 and (chunk := os.read(source, min(size, _CHUNK_BYTES))):
            size -= len(chunk)
            while chunk:
                chunk = chunk[os.write(target, chunk) :]
        _copy_attributes(source, target)
    finally:
        os.close(target)


def _opened_file(name: str, end: int) -> int:
    """Open the plain file of this name for writing, and put one there if there is none."""
    with suppress(OSError):
        if stat.S_ISREG(os.stat(name, dir_fd=end, follow_symlinks=False).st_mode):
            found = os.open(name, os.O_WRONLY | _FILE, dir_fd=end)
            if stat.S_ISREG(os.fstat(found).st_mode):
                return found
            os.close(found)
    _make_way(name, end)
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o600, dir_fd=end)


def _copy_link(name: str, start: int, end: int) -> None:
    about = os.stat(name, dir_fd=start, follow_symlinks=False)
    target = os.readlink(name, dir_fd=start)
    _make_way(name, end)
    os.symlink(target, name, dir_fd=end)
    os.chown(name, about.st_uid, about.st_gid, dir_fd=end, follow_symlinks=False)
    times = (about.st_atime_ns, about.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=end, follow_symlinks=False)


def _make_way(name: str, folder: int) -> None:
    """Remove what is there, unless it is a folder: this fails then."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _copy_attributes(source: int, target: int) -> None:
    about = os.fstat(source)
    os.fchown(target, about.st_uid, about.st_gid)
    os.fchmod(target, stat.S_IMODE(about.st_mode))
    for key in os.listxattr(source):
        # Some need a right that this container lacks, or a file system that has them.
        with suppress(OSError):
            os.setxattr(target, key, os.getxattr(source, key))
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))


def _is_link(name: str, folder: int) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def _clear(volumes: Sequence[str], own: Path) -> None:
    for volume in volumes:
        with suppress(FileNotFoundError):
            shutil.rmtree(own / volume)


def _told(path: PurePosixPath) -> str:
    return f"{str(PurePosixPath(*path.parts[2:]))!r} of volume {path.parts[0]}"


def _link_in_the_way(path: PurePosixPath) -> BackupError:
    return BackupError(
        f"{_told(path)} is a symbolic link, and this bot follows no link of an app: use the path "
        f"that it points to"
    )
