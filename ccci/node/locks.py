"""Kernel file locks (flock): freed by the kernel when the last process that holds one is gone.

Every descriptor here is close-on-exec, so that no browser or abra that a run starts keeps a lock of
the run.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccci.errors import Misuse, NodeFailure

POLL_SECONDS = 0.02


@contextmanager
def locked(path: Path, deadline_seconds: float = 30.0) -> Iterator[None]:
    """Hold the lock file at ``path`` for the length of the block.

    Args:
        path: the lock file; made where it is missing, never removed.
        deadline_seconds: how long another process may hold it.

    Raises:
        NodeFailure: another process still holds it at the deadline.

    Example: ``with locked(private_dir("runs") / ".lock"): ...``
    """
    give_up = time.monotonic() + deadline_seconds
    with _lock_file(path) as descriptor:
        while not try_lock(descriptor):
            if time.monotonic() > give_up:
                raise NodeFailure(
                    f"The lock {path} was held by another process for {deadline_seconds:.0f} s; "
                    f"`fuser {path}` shows which."
                )
            time.sleep(POLL_SECONDS)
        yield


@contextmanager
def only_one(path: Path, sentence: str) -> Iterator[None]:
    """Hold the lock file at ``path`` for the length of the block, or fail at once.

    Args:
        path: the lock file; made where it is missing, never removed.
        sentence: what to say if another process holds it.

    Raises:
        Misuse: one does.

    Example: ``with only_one(folder / "audit.lock", "Another audit runs."): ...``
    """
    with _lock_file(path) as descriptor:
        if not try_lock(descriptor):
            raise Misuse(sentence)
        yield


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    """Open a lock file, and free its lock at the end of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        # Explicitly, not only by closing: a child process may have a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file without waiting; return whether that succeeded."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock at ``path``; False for a missing file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
