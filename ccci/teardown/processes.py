"""The processes that a run may leave behind: browsers, a running abra, their children.

They are found by the journal (`Journal.process`) or by ``CCCI_RUN_ID=<run id>`` in their
environment. Never ended: the calling process, its parents, the run's reaper, and the run's owner
with its children while it is alive.
"""

import os
import select
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from ccci.node.state import ProcessIdentity
from ccci.teardown.journal import Journal

RUN_VARIABLE = "CCCI_RUN_ID"
TERM_SECONDS, KILL_SECONDS = 3.0, 3.0


def processes_of(run: Journal) -> list[psutil.Process]:
    """Return the run's leftover processes with their children."""
    found = {process.pid: process for process in marked(run.run_id)}
    for entry in run.entries():
        if entry.kind == "browser" and "process" in entry.detail:
            identity = ProcessIdentity.from_json(entry.detail["process"])
            if identity.alive():
                found.update(_with_children(identity.pid))
    for process in list(found.values()):
        found.update(_with_children(process.pid))
    return [process for pid, process in found.items() if pid not in _spared(run)]


def marked(run_id: str) -> list[psutil.Process]:
    """Return the processes that have the run's id in their environment."""
    return all_marked().get(run_id, [])


def all_marked() -> dict[str, list[psutil.Process]]:
    """Return, by run id, the processes that have a run's id in their environment."""
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            run_id = process.environ().get(RUN_VARIABLE)
        except (psutil.Error, OSError):
            continue  # It ended, is a zombie, or is another user's.
        if run_id:
            found.setdefault(run_id, []).append(process)
    return found


def end(processes: Iterable[psutil.Process]) -> list[str]:
    """End processes, with SIGTERM first, since a browser's server then cleans up after itself.

    Returns the names of those that are still running.
    """
    listed = list(processes)
    for process in listed:
        _signal(process, kill=False)
    survivors = still_running(listed, TERM_SECONDS)
    for process in survivors:
        _signal(process, kill=True)
    return [describe(process) for process in still_running(survivors, KILL_SECONDS)]


def still_running(listed: Iterable[psutil.Process], within_seconds: float) -> list[psutil.Process]:
    """Wait for processes to end; return those that are still running at the deadline.

    A zombie has ended. (psutil's own wait counts it as alive until its parent has reaped it, which
    for an orphan is up to process 1.)
    """
    ends_at = time.monotonic() + within_seconds
    waiting = select.poll()
    open_: dict[int, psutil.Process] = {}
    for process in listed:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process.pid)
            open_[descriptor] = process
            waiting.register(descriptor, select.POLLIN)
    try:
        running = {fd: one for fd, one in open_.items() if one.is_running()}
        while running and (seconds := ends_at - time.monotonic()) > 0:
            for descriptor, _ in waiting.poll(seconds * 1000):
                waiting.unregister(descriptor)
                running.pop(descriptor, None)
        return list(running.values())
    finally:
        for descriptor in open_:
            os.close(descriptor)


def describe(process: psutil.Process) -> str:
    """Return the name and pid of a process, for messages."""
    try:
        return f"process {process.pid} ({process.name()})"
    except psutil.Error:
        return f"process {process.pid}"


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        # psutil checks the start time first, so that a reused pid gets no signal.
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return


def _with_children(pid: int) -> dict[int, psutil.Process]:
    try:
        process = psutil.Process(pid)
        return {one.pid: one for one in [process, *process.children(recursive=True)]}
    except psutil.NoSuchProcess:
        return {}


def _spared(run: Journal) -> set[int]:
    spared = {os.getpid(), *(one.pid for one in psutil.Process().parents())}
    owner, reaper = run.owner(), run.reaper()
    if reaper and reaper.alive():
        spared.add(reaper.pid)
    if owner and owner.alive():
        spared |= set(_with_children(owner.pid))
    return spared
