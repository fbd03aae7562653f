"""The door of a run's reaper: a unix socket in the run's folder, on which others knock.

A knock says "look at the journal again". A knock may hand over open files: a lock travels with
its open file, so the reaper then holds the lock as well (see budget.py and reaper.py).
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccci.errors import NodeFailure

NAME = "reaper.sock"
ANSWER_SECONDS = 5.0
_LOOK, _KEEP, _DONE = b"look", b"keep", b"done"


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    # A socket's path may have 107 characters only, and a state folder can lie deep: go by the
    # descriptor of the folder.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def listen(folder: Path) -> socket.socket:
    """Open the door of the run in ``folder``; an old one that nobody answers is replaced."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (folder / NAME).unlink(missing_ok=True)
    with _address(folder) as address:
        door.bind(address)
    door.listen(16)
    door.setblocking(False)
    return door


def answer(door: socket.socket) -> list[int]:
    """Take every knock that waits; return the files that were handed over (now ours)."""
    handed: list[int] = []
    while True:
        try:
            caller, _ = door.accept()
        except BlockingIOError:
            return handed
        with caller:
            caller.settimeout(1.0)
            try:
                message, files, _, _ = socket.recv_fds(caller, 16, 8)
                handed += files
                if message == _KEEP:
                    caller.send(_DONE)
            except OSError:
                continue  # The caller went away: what it handed over before is kept.


def knock(folder: Path) -> bool:
    """Ask the reaper of the run in ``folder`` to look again; False when none answers the door."""
    try:
        with _connect(folder) as caller:
            caller.send(_LOOK)
    except OSError:
        return False
    return True


def hand_over(folder: Path, descriptor: int) -> None:
    """Give the reaper of the run in ``folder`` a copy of an open file, and its locks with it.

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
    raise NodeFailure(f"The reaper of run {folder.name} ended while it was asked.")


@contextmanager
def _connect(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.settimeout(ANSWER_SECONDS)
        with _address(folder) as address:
            caller.connect(address)
        yield caller
