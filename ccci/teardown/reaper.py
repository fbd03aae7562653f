"""The process that outlives a run's own process and tears the run down if that process dies.

It is detached and has its own session: neither Ctrl-C, nor a closed terminal, nor a runner that
kills its children reaches it. It sleeps until the run's owner ends (pidfd) or it is woken
(reaper_socket.py), and reads in the journal what to do: end when the run is closed, wait while it
is kept, tear it down when it is dead. A run that takes too long is told to end, and killed if it
does not.
"""

import json
import logging
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ccci.errors import CcciError, NodeFailure
from ccci.node.environment import kept_environment
from ccci.node.state import ProcessIdentity, state_dir
from ccci.project import PROJECT
from ccci.teardown import reaper_socket
from ccci.teardown.journal import Journal
from ccci.waiting import Look, wait_for

LOG, REPORT = "reaper.log", "reaped.json"
START_SECONDS = 20.0
# What a reaper's environment keeps. Not CCCI_RUN_ID: a teardown ends the processes that have it.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSH_AUTH_SOCK")
_LONGEST_SLEEP_SECONDS = 3600.0
_DOCKER_PAUSE_SECONDS = 2.0


def start(run_id: str, owner: ProcessIdentity) -> ProcessIdentity:
    """Start the reaper of a run, or use the running one. Returns when it watches the owner.

    Args:
        run_id: the run, already opened.
        owner: the process whose end ends the run; recorded when the journal has another one.

    Raises:
        NodeFailure: it did not start; the sentence ends with the last line of its log.

    Example: ``reaper.start(run_id, ProcessIdentity.of(os.getpid()))``
    """
    run = Journal.load(run_id)
    if run.owner() != owner:
        run.adopted(owner)
    running = run.reaper()
    if running and running.alive() and reaper_socket.wake(run.folder):
        return running
    log = run.folder / LOG
    with log.open("ab") as out:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "ccci.teardown.reaper", run_id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
    assert launcher.stdout
    with launcher.stdout as ready:
        answer = ready.readline() if select.select([ready], [], [], START_SECONDS)[0] else b""
    if not answer:
        launcher.kill()
    launcher.wait()
    if not answer:
        raise NodeFailure(f"The reaper of run {run_id} did not start: {_last_line(log)}")
    return ProcessIdentity.from_json(json.loads(answer))


def entrust(run_id: str, descriptor: int) -> None:
    """Let the reaper of a run hold the run's share of the budget too, until it is torn down.

    Args:
        run_id: the run; its reaper must be running.
        descriptor: the open file of the run's lease.

    Raises:
        NodeFailure: no reaper answers.

    Example: ``lease = budget.take(2, run_id); reaper.entrust(run_id, lease.fileno())``
    """
    reaper_socket.hand_over(Journal.load(run_id).folder, descriptor)


def main(run_id: str) -> None:
    """Be the reaper of a run: watch, act, end."""
    if os.fork():
        os._exit(0)  # So that the reaper is detached from the process that started it.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    run = Journal.load(run_id)
    leases: list[int] = []
    with reaper_socket.listen(run.folder) as messages:
        identity = ProcessIdentity.of(os.getpid())
        run.record("reaper", str(identity.pid), process=identity.to_json())
        announced = False
        while not run.is_closed():
            with _watching(run.owner()) as owner_ends:
                if not announced:
                    os.write(1, json.dumps(identity.to_json()).encode() + b"\n")
                    os.dup2(2, 1)
                    announced = True
                left = run.kept_until() - time.time()
                if owner_ends is None and left <= 0:
                    break
                if owner_ends is not None:
                    left = _end_in_time(run, owner_ends)
                leases += _sleep(messages, owner_ends, left)
    if not run.is_closed():
        logging.info("the process of run %s died, or its keep time is over", run_id)
        reap_when_docker_is_there(run)
    # The end of this process frees the shares of the budget, whose files it holds.
    logging.info("done, %d shares of the budget freed", len(leases))


def reap_when_docker_is_there(run: Journal) -> list[str]:
    """Tear a dead run down, however long the Docker daemon is away; return what is left.

    Nobody else would do it before the next run or sweep, and there may be none for days.
    """
    from ccci.swarm.daemon import is_ready
    from ccci.teardown.removal import needs_docker

    needed = needs_docker(run)
    while True:
        if needed and not is_ready():
            logging.info("the Docker daemon is away: waiting for it")
            wait_for(
                "the Docker daemon to answer",
                lambda: Look(is_ready(), "no answer"),
                within_seconds=math.inf,
                every_seconds=_DOCKER_PAUSE_SECONDS,
            )
        left = reap(run)
        # It may have gone away in between.
        if not left or not needed or is_ready():
            return left


def reap(run: Journal) -> list[str]:
    """Tear down a dead run, report that in its folder, close its journal; return what is left."""
    begun = time.time()
    removed: list[str] = []
    # Imported late: loading the Docker client would make every reaper slow to start.
    from ccci.teardown.removal import connect, needs_docker, tear_down

    # First, since the teardown deletes the credentials for which the artefacts are searched.
    results = _report_results(run)
    try:
        client = connect() if needs_docker(run) else None
        left = tear_down(run, client, on_removed=removed.append)
    except (CcciError, OSError) as error:
        left = [str(error)]
    except Exception as error:
        logging.exception("the teardown of run %s failed", run.run_id)
        left = [f"the teardown failed: {error!r}"]
    report = {
        "run": run.run_id,
        "recipe": run.recipe(),
        "at": begun,
        "seconds": round(time.time() - begun, 3),
        "results": results,
        "removed": removed,
        "left": left,
    }
    (run.folder / REPORT).write_text(json.dumps(report, indent=1) + "\n")
    logging.info("removed %d objects, left: %s", len(removed), left or "nothing")
    run.closed(run.verdict() or ("failed" if run.overdue() else "incomplete"), left)
    return left


def _report_results(run: Journal) -> str:
    """Write the results of an interrupted run; the teardown goes on if that fails."""
    try:
        from ccci.teardown.cutoff import report_cut_off

        report_cut_off(run)
    except Exception as error:
        logging.exception("the results of run %s could not be written", run.run_id)
        return f"not written: {error!r}"
    return "written"


def _end_in_time(run: Journal, owner: int) -> float:
    """End the owner when its time is over; return the seconds until there is something to do.

    Args:
        run: the run.
        owner: the open pidfd of its owner.
    """
    now = time.monotonic()
    ends_at, killed_at = run.ends_at()
    if now < ends_at:
        return ends_at - now
    with suppress(ProcessLookupError):
        if now >= killed_at:
            logging.info("run %s did not end by itself: killing its process", run.run_id)
            signal.pidfd_send_signal(owner, signal.SIGKILL)
            return math.inf
        if not run.overdue():
            limit = run.last("limit")
            # First, since its owner looks for the reason when the signal comes.
            run.record(
                "overdue",
                f"The run took longer than {limit.name if limit else '?'} and was ended. Look for "
                "what hangs; if the recipe needs longer, set longest_run_minutes in recipe.toml.",
            )
            logging.info("run %s takes too long: its process is to end", run.run_id)
            signal.pidfd_send_signal(owner, signal.SIGTERM)
    return killed_at - now


@contextmanager
def _watching(owner: ProcessIdentity | None) -> Iterator[int | None]:
    """Give a file that becomes readable when the owner ends; None when it has ended already."""
    try:
        watched = os.pidfd_open(owner.pid) if owner else None
    except ProcessLookupError:
        watched = None
    try:
        # Checked after opening, so that a reused pid is not taken for the owner.
        yield watched if owner and owner.alive() else None
    finally:
        if watched is not None:
            os.close(watched)


def _sleep(messages: socket.socket, owner_ends: int | None, seconds: float) -> list[int]:
    """Sleep until the owner ends, the time is over or a message comes.

    Returns the files that were handed over.
    """
    waiting = select.poll()
    waiting.register(messages, select.POLLIN)
    if owner_ends is not None:
        waiting.register(owner_ends, select.POLLIN)
    # Not the whole time at once, since the clock may be set.
    waiting.poll(min(seconds, _LONGEST_SLEEP_SECONDS) * 1000 + 1)
    return reaper_socket.receive(messages)


def _environment() -> dict[str, str]:
    return {
        **kept_environment(*ENVIRONMENT),
        "PYTHONPATH": str(PROJECT),
        "CCCI_STATE_DIR": str(state_dir()),
    }


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "its log is empty"


if __name__ == "__main__":
    main(sys.argv[1])
