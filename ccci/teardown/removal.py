"""Removes whatever a run made, told by its journal, and looks whether it is gone.

Idempotent: what is gone already is no error, and two that tear the same run down take turns. No
other run's things are touched; holdings.py has the rule of what belongs to whom.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from ccci.errors import NodeFailure
from ccci.node import locks
from ccci.node.state import state_dir
from ccci.swarm import holdings
from ccci.swarm.holdings import KINDS, Scope, Thing
from ccci.teardown import door, journal, processes, snapshots
from ccci.teardown.journal import Journal

if TYPE_CHECKING:
    from docker import DockerClient

DEADLINE_SECONDS = 180.0
GRACE_SECONDS = 0.0
PAUSE_SECONDS = 0.1
SNAPSHOT_PAUSE_SECONDS = 1.0
# What stays in the folder of a run that is torn down: what happened, and no credential.
KEPT_FILES = {journal.FILE, journal.TEARDOWN_LOCK, door.NAME, "reaper.log", "reaped.json"}
ENDED_STATES = {"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}
# Kinds of entries that mean that something may be in Docker.
DOCKER_KINDS = {"domain", "stack", "snapshot", "container", *KINDS}


def connect() -> "DockerClient":
    """Return a client of the node's Docker daemon.

    Raises:
        NodeFailure: none answers.
    """
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        raise NodeFailure(f"No Docker daemon answers ({error}).") from error
    return client


def needs_docker(run: Journal) -> bool:
    """Tell whether the run may have made something in Docker."""
    return any(entry.kind in DOCKER_KINDS for entry in run.entries())


def tear_down(
    run: Journal,
    docker_client: "DockerClient | None",
    on_removed: Callable[[str], None] = lambda name: None,
    deadline_seconds: float = DEADLINE_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> list[str]:
    """Remove everything the run made, and return what is left (empty: clean).

    The journal is not closed: that is for the caller, who knows the verdict
    (``run.closed(verdict, left)``).

    Args:
        run: the journal of the run.
        docker_client: a client of a manager of the Swarm; None where Docker cannot be reached.
        on_removed: told the name of each thing removed.
        deadline_seconds: for all of it.
        grace_seconds: how long a container may take to end by itself; nothing it could save counts.

    Raises:
        NodeFailure: another process has been tearing the run down until the deadline.

    Example: ``left = tear_down(run, docker.from_env()); run.closed("passed", left)``
    """
    ends_at = time.monotonic() + deadline_seconds
    with locks.locked(run.folder / journal.TEARDOWN_LOCK, deadline_seconds):
        # Whoever had the lock before may have finished: then its names may be another run's now.
        if run.is_clean():
            return []
        doomed = processes.processes_of(run)
        names = [processes.describe(process) for process in doomed]
        left = processes.end(doomed)
        for name in names:
            if name not in left:
                on_removed(name)
        if docker_client is not None:
            left += _DockerTeardown(run, docker_client, on_removed, ends_at, grace_seconds).all()
        elif needs_docker(run):
            left += [f"stack {stack} (Docker was not reached)" for stack in run.stacks()]
        return left + _remove_files(run, on_removed)


def note_anonymous_volumes(run: Journal, docker_client: "DockerClient") -> None:
    """Write the anonymous volumes of the run's containers into its journal.

    Swarm removes them with a task's container, but one that is left can be told apart from other
    people's only while the container is there. The teardown does this itself.
    """
    scope = scope_of(run, docker_client)
    things = holdings.list_things(docker_client, {"container"})
    for volume in sorted(holdings.anonymous_volumes(things, scope) - scope.volumes):
        run.record("volume", volume, anonymous=True)


def scope_of(run: Journal, docker_client: "DockerClient") -> Scope:
    """Return what belongs to the run on this node."""
    stacks = frozenset(run.stacks())
    # Stacks that no journal knows count as well: theirs may be the longer name.
    on_node = {thing.stack for thing in holdings.list_things(docker_client, {"service"})}
    others = frozenset({*journal.known_stacks(), *on_node} - stacks - {""})
    volumes = frozenset(
        entry.name
        for entry in run.entries()
        if entry.kind == "volume" and holdings.is_anonymous(entry.name)
    )
    return Scope(stacks, others, frozenset({run.run_id}), volumes)


def leftovers(run: Journal, docker_client: "DockerClient") -> list[str]:
    """Return the run's things that are in Docker now, by kind and name."""
    scope = scope_of(run, docker_client)
    return [str(thing) for thing in holdings.list_things(docker_client) if scope.owns(thing)]


@dataclass
class _DockerTeardown:
    run: Journal
    client: "DockerClient"
    on_removed: Callable[[str], None]
    ends_at: float
    grace_seconds: float
    why: dict[str, str] = field(default_factory=dict)
    here: str = ""

    def all(self) -> list[str]:
        """Remove everything in Docker; return what is left, with Docker's reason."""
        try:
            self._note_other_nodes()
            note_anonymous_volumes(self.run, self.client)
            self.scope = scope_of(self.run, self.client)
            self._remove({"service"})
            left = self._forget_snapshots()
            return left + self._remove_until_gone() + self._on_other_nodes()
        except (DockerException, RequestException) as error:
            return [f"whatever {self.run.run_id} has in Docker ({error})"]

    def _remove_until_gone(self) -> list[str]:
        may_run_until = time.monotonic() + self.grace_seconds
        while True:
            patient = time.monotonic() < may_run_until
            running = self._own({"service", "container"})
            # Networks and volumes cannot go before the containers; not even tried, unless late.
            late = time.monotonic() > self.ends_at
            self._remove(
                {"service", "container", "secret", "config"}
                if running and not late
                else set(KINDS),
                patient=patient,
            )
            left = [str(thing) for thing in self._own()] + self._tasks()
            if not left or late:
                return [f"{one} ({self.why[one]})" if one in self.why else one for one in left]
            time.sleep(PAUSE_SECONDS)

    def _own(self, kinds: set[str] | None = None) -> list[Thing]:
        """Return the run's things; those of dependents before those of what they need."""
        listed = holdings.list_things(self.client, kinds or KINDS)
        # Dependencies are deployed first, and recorded so.
        order = {stack: number for number, stack in enumerate(self.run.stacks())}
        own = [thing for thing in listed if self.scope.owns(thing)]
        return sorted(own, key=lambda thing: order.get(thing.stack, -1), reverse=True)

    def _remove(self, kinds: set[str], patient: bool = False) -> None:
        """Try once to remove the run's things of some kinds; patience spares what still runs."""
        for thing in self._own(kinds):
            if patient and thing.running:
                continue
            try:
                self._remove_one(thing)
            except NotFound:
                continue  # Somebody, or the Swarm, was faster.
            except APIError as error:
                self.why[str(thing)] = str(error.explanation)
            else:
                self.on_removed(str(thing))

    def _remove_one(self, thing: Thing) -> None:
        api: Any = self.client.api
        if thing.kind == "container":
            # With its anonymous volumes. A dead one would hold its volumes for ever.
            api.remove_container(thing.id, v=True, force=True)
        else:
            getattr(api, f"remove_{thing.kind}")(thing.id)

    def _raw_tasks(self) -> list[dict[str, Any]]:
        stacks = self.run.stacks()
        tasks = holdings.swarm_list(self.client, "tasks")
        return [task for task in tasks if _stack_of_task(task) in stacks]

    def _tasks(self) -> list[str]:
        """Return the run's tasks that may have a container elsewhere, or may still get one here."""
        found = []
        for task in self._raw_tasks():
            state, node = task["Status"]["State"], task.get("NodeID", "")
            # A container here is seen by itself. Once it is gone Swarm takes seconds to say so.
            had_its_container = node == self.here and state in {"starting", "running"}
            unwanted = task["DesiredState"] in {"shutdown", "remove"}
            if state not in ENDED_STATES and not (had_its_container and unwanted):
                found.append(f"task {task['ID']} ({state}) on node {node or '(none yet)'}")
        return found

    def _note_other_nodes(self) -> None:
        """Write down the volumes on other nodes while the tasks that use them can be seen."""
        swarm = self.client.info().get("Swarm", {})
        if swarm.get("LocalNodeState") == "active" and not swarm.get("ControlAvailable"):
            raise DockerException("this daemon manages no Swarm; run it on a manager")
        self.here = swarm.get("NodeID", "")
        known = set(self.run.names("remote"))
        for task in self._raw_tasks():
            node = task.get("NodeID", "")
            mounts = task["Spec"].get("ContainerSpec", {}).get("Mounts") or []
            for mount in mounts if node not in ("", self.here) else []:
                name = f"volume {mount.get('Source') or '(anonymous)'} on node {node}"
                if mount.get("Type") == "volume" and name not in known:
                    self.run.record("remote", name)
                    known.add(name)

    def _on_other_nodes(self) -> list[str]:
        return [
            f"{name} (not to be reached from here: remove it there, then "
            f"`python -m ccci.teardown.sweep --forget {self.run.run_id}`)"
            for name in self.run.names("remote")
            if name not in self.run.names("remote-removed")
        ]

    def _forget_snapshots(self) -> list[str]:
        hosts = {*self.run.stacks(), *self.run.names("domain")}
        made = bool(self.run.names("snapshot"))
        try:
            for bot in snapshots.bots(self.client):
                for ended in snapshots.end_work_on(bot, hosts):
                    self.on_removed(ended)
        except (NodeFailure, APIError) as error:
            if made:
                return [f"snapshots of {', '.join(self.run.stacks())} ({error})"]
            return []
        return self._forget_until_gone(hosts) if made else []

    def _forget_until_gone(self, hosts: set[str]) -> list[str]:
        why = "restic lists them still"
        while True:
            try:
                found = self._forget_once(hosts)
                if not found:
                    return []
            except NodeFailure as error:
                found, why = [], str(error)
            if time.monotonic() > self.ends_at:
                names = ", ".join(one[:8] for one in found) or f"of {', '.join(sorted(hosts))}"
                return [f"snapshots {names} ({why})"]
            time.sleep(SNAPSHOT_PAUSE_SECONDS)

    def _forget_once(self, hosts: set[str]) -> list[str]:
        left = []
        for bot in snapshots.bots(self.client):
            found = snapshots.snapshots_of(bot, hosts)
            if found:
                snapshots.forget(bot, found)
                left += snapshots.snapshots_of(bot, hosts)
                for snapshot in found:
                    self.on_removed(f"snapshot {snapshot[:8]}")
        return left


def _stack_of_task(task: dict[str, Any]) -> str:
    labels = task["Spec"].get("ContainerSpec", {}).get("Labels") or {}
    return str(labels.get(holdings.STACK_LABEL, ""))


def _remove_files(run: Journal, on_removed: Callable[[str], None]) -> list[str]:
    """Remove the run's .env files, paths, ABRA_DIR and credentials; return what is left."""
    left = []
    doomed = [Path(name) for kind in ("env", "path") for name in run.names(kind)]
    doomed += [path for path in run.folder.iterdir() if path.name not in KEPT_FILES]
    for path in doomed:
        if _is_too_much(path):
            left.append(f"path {path} (refused: it holds more than one run's things)")
            continue
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path.exists():
                path.unlink()
            else:
                continue
        except FileNotFoundError:
            continue
        except OSError as error:
            left.append(f"path {path} ({error.strerror})")
        else:
            on_removed(f"path {path}")
    return left


def _is_too_much(path: Path) -> bool:
    """Tell whether a recorded path can only be a mistake."""
    return (
        not path.is_absolute()
        or len(path.parts) < 4
        or ".." in path.parts
        or any(place.is_relative_to(path) for place in (state_dir(), Path.home()))
    )
