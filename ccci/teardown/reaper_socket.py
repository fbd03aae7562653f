"""The Unix socket of a run's reaper, in the run's folder: wakes it, and passes open files to it.

A message means "read the journal again". It may carry open files: a lock belongs to its open file,
so that the reaper then holds the lock too (see ccci/budget/places.py and reaper.py).
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccci.errors import NodeFailure

NAME = "reaper.sock"
ANSWER_SECONDS = 5.0
_WAKE, _KEEP, _DONE = b"wake", b"keep", b"done"


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    # The path of a socket has at most 107 characters, and a state folder's path can be longer:
    # reach the folder by its descriptor.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def listen(folder: Path) -> socket.socket:
    """Open the socket of the run in ``folder``; one that a dead reaper left is replaced."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (folder / NAME).unlink(missing_ok=True)
    with _address(folder) as address:
        server.bind(address)
    server.listen(16)
    server.setblocking(False)
    return server


def receive(server: socket.socket) -> list[int]:
    """Read every message that is waiting; return the files that came with them (now ours)."""
    received: list[int] = []
    while True:
        try:
            caller, _ = server.accept()
        except BlockingIOError:
            return received
        with caller:
            caller.settimeout(1.0)
            try:
                message, files, _, _ = socket.recv_fds(caller, 16, 8)
                received += files
                if message == _KEEP:
                    caller.send(_DONE)
            except OSError:
                continue  # The caller ended; what it handed over before that is kept.


def wake(folder: Path) -> bool:
    """Wake the reaper of the run in ``folder``; return False when there is none."""
    try:
        with _connect(folder) as caller:
            caller.send(_WAKE)
    except OSError:
        return False
    return True


def hand_over(folder: Path, descriptor: int) -> None:
    """Give the reaper of the run in ``folder`` a copy of an open file, and so its locks.

    Raises:
        NodeFailure: no reaper answers.
    """
    try:
        with _connect(folder) as caller:
            socket.send_fds(caller, [_KEEP], [descriptor])
            if caller.recv(16) == _DONE:
                return
    except OSError as error:
        raise NodeFailure(f"The reaper of run {folder.name} does not answer ({error}).") from error
    raise NodeFailure(f"The reaper of run {folder.name} ended before it answered.")


@contextmanager
def _connect(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.settimeout(ANSWER_SECONDS)
        with _address(folder) as address:
            caller.connect(address)
        yield caller
