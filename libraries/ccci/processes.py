"""The processes a run may leave behind: browsers, an abra still at work, their children.

Known by the journal (`Journal.process`) or by ``CCCI_RUN_ID=<run id>`` in their environment. Never
touched: the process that asks, those above it, the run's reaper, and a living owner with its own.
"""

import os
from collections.abc import Iterable

import psutil

from ccci.journal import Journal
from ccci.state import ProcessIdentity

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
    _, stubborn = psutil.wait_procs(listed, timeout=TERM_SECONDS)
    for process in stubborn:
        _signal(process, kill=True)
    _, left = psutil.wait_procs(stubborn, timeout=KILL_SECONDS)
    return [describe(process) for process in left]


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
