"""The container's main process: creates the repository, then waits for signals and the schedule."""

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
    """Open or create the repository, then wait until a signal ends this process.

    Args:
        variables: the environment (RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, CRON_SCHEDULE).
        say: is called with each line of progress.

    Returns:
        The exit code of the process.

    Raises:
        BackupError: the repository cannot be opened, or the schedule is not valid. Swarm then
            starts the container again, and its log has the reason.
    """
    # The signals are blocked, since this process waits for them with sigtimedwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    schedule = parse_schedule(variables.get("CRON_SCHEDULE", ""))
    repository = Repository(variables, say)
    repository.open_or_create()
    repository.unlock_stale()
    say(f"ready: repository {repository.location}")
    if schedule is None:
        say("CRON_SCHEDULE is empty: there are no scheduled backups")
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
        # Process 1 also becomes the parent of processes of an interrupted `docker exec`.
        job = _reap(job, say)


def _next(schedule: Schedule | None, say: Callable[[str], None]) -> datetime | None:
    if schedule is None:
        return None
    due = schedule.next_after(datetime.now())
    say(f"next backup of every app at {due:%F %H:%M}")
    return due


def _signal_before(due: datetime | None) -> int:
    """Wait for a signal, at most until `due`; return 0 if there was none."""
    if due is None:
        return signal.sigwait(_AWAITED)
    seconds = max(0.0, (due - datetime.now()).total_seconds())
    arrived = signal.sigtimedwait(_AWAITED, seconds)
    return arrived.si_signo if arrived is not None else 0


def _start_backup() -> int:
    command = [sys.executable, "-m", "backupbot", "create"]
    return os.posix_spawn(command[0], command, os.environ, setsigmask=())


def _reap(job: int, say: Callable[[str], None]) -> int:
    """Reap processes that have ended; return the pid of the scheduled backup if it runs, else 0."""
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
