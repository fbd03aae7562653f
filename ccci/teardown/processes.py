"""The processes a run may leave behind: browsers, an abra still at work, their children.

Known by the journal (`Journal.process`) or by ``CCCI_RUN_ID=<run id>`` in their environment. Never
touched: the process that asks, those above it, the run's reaper, and a living owner with its own.
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
    """Return the run's left-over processes with their children."""
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
    """Return the processes whose environment names the run."""
    return all_marked().get(run_id, [])


def all_marked() -> dict[str, list[psutil.Process]]:
    """Return, by run id, the processes whose environment names a run."""
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            run_id = process.environ().get(RUN_VARIABLE)
        except (psutil.Error, OSError):
            continue  # Gone, a zombie, or another user's: not ours to end.
        if run_id:
            found.setdefault(run_id, []).append(process)
    return found


def end(processes: Iterable[psutil.Process]) -> list[str]:
    """End processes: asked first, since a browser's server then cleans up behind itself.

    Returns the names of those that are still there.
    """
    listed = list(processes)
    for process in listed:
        _signal(process, kill=False)
    stubborn = still_there(listed, TERM_SECONDS)
    for process in stubborn:
        _signal(process, kill=True)
    return [describe(process) for process in still_there(stubborn, KILL_SECONDS)]


def still_there(listed: Iterable[psutil.Process], within_seconds: float) -> list[psutil.Process]:
    """Wait for the end of processes; return those that run on at the deadline.

    A zombie has ended. (psutil's own wait takes it for alive until its parent has collected it,
    which for an orphan is up to process 1.)
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
        # psutil checks the start time first, so that a reused pid is not hit.
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
