"""A load on the node: a process for each core that computes nothing, and never waits."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

# The kernel kills it with the process that started it, whatever ends that. It looks at its parent
# first: one that died before would not be noticed.
_COMPUTE = '[ "$PPID" = "$1" ] && while :; do :; done'


@contextmanager
def busy_cores() -> Iterator[int]:
    """Keep every core busy in the block; yield with how many processes.

    Example: ``with busy_cores() as processes: ...``
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        for _ in os.sched_getaffinity(0):
            words = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", _COMPUTE, "sh", str(os.getpid())]
            # In a session of its own, Ctrl-C does not end it before the run that it stands beside.
            started.append(subprocess.Popen(words, start_new_session=True))
        yield len(started)
    finally:
        for process in started:
            process.kill()
            process.wait()
