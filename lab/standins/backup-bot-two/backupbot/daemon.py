"""The container's main process: makes the repository, then waits for signals and the schedule."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime

from backupbot.restic import Repository
from backupbot.schedule import Schedule, parse_schedule

_ENDING = (signal.SIGTERM, signal.SIGINT)
_AWAITED = (*_ENDING, signal.SIGCHLD)


def serve(variables: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Open or make the repository, then idle until told to end.

    Args:
        variables: the environment (RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, CRON_SCHEDULE).
        say: takes a line of progress.

    Returns:
        The process's exit code.

    Raises:
        BackupError: if the repository cannot be opened or the schedule cannot be read; Swarm
            then starts the container again, and shows why in its log.
    """
    # Blocked, not handled: as process 1 it waits for these with sigtimedwait and nothing else.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    schedule = parse_schedule(variables.get("CRON_SCHEDULE", ""))
    repository = Repository(variables, say)
    repository.open_or_make()
    repository.unlock_stale()
    say(f"ready: repository {repository.location}")
    if schedule is None:
        say("CRON_SCHEDULE is empty: backups are taken only when asked for")
    return _wait(schedule, say)


def _wait(schedule: Schedule | None, say: Callable[[str], None]) -> int:
    due, job = _next(schedule, say), 0
    while True:
        if due is not None and not job and datetime.now() >= due:
            job = _start_backup()
            due = _next(schedule, say)
        arrived = _signal_before(due if not job else None)
        if arrived in _ENDING:
            say("ending")
            return 0
        # Process 1 also inherits what an interrupted `docker exec` leaves behind.
        job = _reap(job, say)


def _next(schedule: Schedule | None, say: Callable[[str], None]) -> datetime | None:
    if schedule is None:
        return None
    due = schedule.next_after(datetime.now())
    say(f"next backup of every app at {due:%F %H:%M}")
    return due


def _signal_before(due: datetime | None) -> int:
    """Wait for a signal, at most until `due`; 0 if none came."""
    if due is None:
        return signal.sigwait(_AWAITED)
    seconds = max(0.0, (due - datetime.now()).total_seconds())
    arrived = signal.sigtimedwait(_AWAITED, seconds)
    return arrived.si_signo if arrived is not None else 0


def _start_backup() -> int:
    command = [sys.executable, "-m", "backupbot", "create"]
    return os.posix_spawn(command[0], command, os.environ, setsigmask=())


def _reap(job: int, say: Callable[[str], None]) -> int:
    """Collect ended processes; returns the pid of the scheduled backup while it runs, else 0."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if not pid:
            return job
        if pid == job:
            code = os.waitstatus_to_exitcode(status)
            say("scheduled backup done" if not code else f"scheduled backup FAILED ({code})")
            job = 0
