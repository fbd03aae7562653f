"""Cleans up after runs whose process died and whose reaper died too.

``python -m ccci.teardown.sweep`` (``make sweep``); pollers and the start of every run do it too.
"""

import argparse
import logging
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from docker.errors import DockerException

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.swarm import holdings
from ccci.swarm.holdings import DockerObject, Scope
from ccci.teardown import journal, processes
from ccci.teardown.journal import Journal
from ccci.teardown.reaper import reap
from ccci.teardown.removal import DEADLINE_SECONDS, connect
from ccci.waiting import Look, TooLate, wait_for

if TYPE_CHECKING:
    from docker import DockerClient

FORGET_AFTER_DAYS = 7
# The stack of an app under test: <recipe>-pr<number>-<short sha>[-<n>]_<domain>_...
_TEST_STACK = re.compile(r"[a-z0-9][a-z0-9-]*-pr\d+-[0-9a-f]{7}(-\d+)?_")


@dataclass(frozen=True)
class Swept:
    """What a sweep did.

    Args:
        torn_down: the runs it tore down; in a dry run, those that it would have.
        left: what it could not remove.
        unknown: objects on the node that look like a test's and are in no journal; not touched.
    """

    torn_down: tuple[str, ...]
    left: tuple[str, ...]
    unknown: tuple[str, ...]


def sweep(
    docker_client: "DockerClient | None" = None,
    dry_run: bool = False,
    report: Callable[[str], None] = print,
) -> Swept:
    """Tear down every dead run, and kept ones whose time is over; list what no journal knows.

    Args:
        docker_client: for the list; connected here when it is not given.
        dry_run: report what would be done and do nothing.
        report: called with one sentence for each item done or found.

    Example: ``sweep(report=log.info)``
    """
    torn_down: list[str] = []
    left: list[str] = []
    for run in journal.live_runs():
        if run.kept_until() > time.time():
            until = datetime.fromtimestamp(run.kept_until()).strftime("%d %b %H:%M")
            report(f"Run {run.run_id} ({run.recipe()}) is kept until {until}.")
    for run in journal.dead_runs():
        reaper = run.reaper()
        if reaper and reaper.alive():
            report(f"Run {run.run_id}: its reaper, process {reaper.pid}, is tearing it down.")
            continue
        torn_down.append(run.run_id)
        if dry_run:
            report(f"Run {run.run_id} ({run.recipe()}) is dead and would be torn down.")
            continue
        begun = time.monotonic()
        rest = reap(run)
        left += rest
        seconds = time.monotonic() - begun
        outcome = "left: " + "; ".join(rest) if rest else "nothing is left"
        report(f"Run {run.run_id} ({run.recipe()}) was torn down in {seconds:.1f} s, {outcome}.")
    if not dry_run:
        left += _end_strays(report)
        _forget_old(report)
    unknown = _unknown(docker_client, report)
    return Swept(tuple(torn_down), tuple(left), tuple(unknown))


def end_kept(run_id: str) -> list[str]:
    """Tear down a kept run before its time; return what is left.

    Raises:
        Misuse: there is no such run, or its process is still running.
        NodeFailure: its reaper did not finish in time.
    """
    run = Journal.load(run_id)
    owner = run.owner()
    if owner and owner.alive():
        raise Misuse(
            f"Run {run_id} is still running (process {owner.pid}): end that process instead."
        )
    reaper = run.reaper()
    run.kept(time.time(), run_id)
    if not (reaper and reaper.alive()):
        return [] if run.is_clean() else reap(run)
    try:
        wait_for(
            f"the reaper of run {run_id} to end",
            lambda: Look(not reaper.alive(), f"process {reaper.pid} is running"),
            DEADLINE_SECONDS * 2,
        )
    except TooLate as late:
        raise NodeFailure(str(late)) from None
    return run.left()


def forget(run_id: str) -> list[str]:
    """Take an operator's word that a run's volumes on other nodes are removed; return what is left.

    Raises:
        Misuse: there is no such run, or it is live.
    """
    run = Journal.load(run_id)
    if run.is_live():
        raise Misuse(f"Run {run_id} is still live: wait until it has ended.")
    for name in run.names("remote"):
        run.record("remote-removed", name)
    return reap(run)


def looks_like_a_test(item: DockerObject) -> bool:
    """Return whether the stack or the name of an object has the form that tests give."""
    return _TEST_STACK.match(f"{item.stack}_" if item.stack else item.name) is not None


def _unknown(client: "DockerClient | None", report: Callable[[str], None]) -> list[str]:
    try:
        objects = holdings.list_objects(client or connect())
    except (CcciError, DockerException) as error:
        report(f"Objects that are in no journal could not be listed: {error}")
        return []
    known = Scope(
        frozenset(journal.known_stacks(closed_within_seconds=time.time())),
        runs=frozenset(run.run_id for run in journal.all_runs()),
    )
    found = [str(item) for item in objects if looks_like_a_test(item) and not known.owns(item)]
    for name in found:
        report(f"{name} looks like a test's and is in no journal. Not touched.")
    return found


def _end_strays(report: Callable[[str], None]) -> list[str]:
    """End processes that have the id of a run that is over."""
    left = []
    for run_id, found in processes.all_marked().items():
        run = next((one for one in journal.all_runs() if one.run_id == run_id), None)
        owner = run.owner() if run else None
        if run is None or not run.is_closed() or (owner and owner.alive()):
            continue
        report(f"Ending {len(found)} processes of run {run_id}, which is over.")
        left += processes.end(processes.processes_of(run))
    return left


def _forget_old(report: Callable[[str], None]) -> None:
    for name in journal.forget_unopened():
        report(f"Removed {name}, the folder of a run that never began.")
    before = time.time() - FORGET_AFTER_DAYS * journal.DAY_SECONDS
    for run in journal.all_runs():
        closed = run.last("closed")
        if closed and run.is_clean() and closed.at < before:
            shutil.rmtree(run.folder)
            report(
                f"Removed the journal of run {run.run_id}, which ended cleanly more than "
                f"{FORGET_AFTER_DAYS} days ago."
            )


def main(arguments: list[str]) -> int:
    """Sweep from the command line; return 1 when something is left."""
    parser = argparse.ArgumentParser(prog="python -m ccci.teardown.sweep", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only report what would be done")
    parser.add_argument("--end", metavar="RUN", help="tear down a kept run now")
    parser.add_argument(
        "--forget", metavar="RUN", help="the run's volumes on other nodes have been removed by hand"
    )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        if chosen.end or chosen.forget:
            left = tuple(end_kept(chosen.end) if chosen.end else forget(chosen.forget))
            print(f"left: {'; '.join(left)}" if left else "nothing is left")
        else:
            left = sweep(dry_run=chosen.dry_run).left
    except CcciError as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
