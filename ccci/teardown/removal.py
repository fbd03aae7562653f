"""Removes everything that a run made, by its journal, and checks that it is gone.

Idempotent: something that is gone already is no error, and two processes that tear down the same
run take turns. Nothing of another run is touched; ccci/swarm/holdings.py says what belongs to whom.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
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
from ccci.swarm.daemon import is_ready
from ccci.swarm.holdings import KINDS, DockerObject, Scope
from ccci.teardown import journal, processes, reaper_socket, snapshots
from ccci.teardown.journal import Journal
from ccci.waiting import Look, TooLate, wait_for

if TYPE_CHECKING:
    from docker import DockerClient

DEADLINE_SECONDS = 180.0
GRACE_SECONDS = 0.0
PAUSE_SECONDS = 0.1
SNAPSHOT_PAUSE_SECONDS = 1.0
# What stays in the folder of a run that was torn down: how that went, and no credential.
KEPT_FILES = {journal.FILE, journal.TEARDOWN_LOCK, reaper_socket.NAME, "reaper.log", "reaped.json"}
ENDED_STATES = {"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}
# Kinds of journal entries after which something may exist in Docker.
DOCKER_KINDS = {"domain", "stack", "snapshot", "container", *KINDS}


def connect() -> "DockerClient":
    """Return a client of the node's Docker daemon.

    Raises:
        NodeFailure: it does not answer, or its Swarm is still starting: that has nothing then, as
            if all of it were gone.
    """
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        raise NodeFailure(f"The Docker daemon does not answer ({error}).") from error
    if not is_ready():
        raise NodeFailure(
            "The Docker daemon answers, and its Swarm does not yet: see 'docker info'."
        )
    return client


def needs_docker(run: Journal) -> bool:
    """Return whether the run may have made something in Docker."""
    return any(entry.kind in DOCKER_KINDS for entry in run.entries())


def tear_down(
    run: Journal,
    docker_client: "DockerClient | None",
    on_removed: Callable[[str], None] = lambda name: None,
    deadline_seconds: float = DEADLINE_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> list[str]:
    """Remove everything the run made, and return what is left (empty: clean).

    The journal stays open: the caller, who knows the verdict, closes it
    (``run.closed(verdict, left)``).

    Args:
        run: the journal of the run.
        docker_client: a client of a manager of the Swarm; None where Docker cannot be reached.
        on_removed: called with the name of each object removed.
        deadline_seconds: the time for all of it.
        grace_seconds: how long a container may take to end by itself; its data is deleted anyway.

    Raises:
        NodeFailure: another process was tearing the run down until the deadline.

    Example: ``left = tear_down(run, docker.from_env()); run.closed("passed", left)``
    """
    ends_at = time.monotonic() + deadline_seconds
    with locks.locked(run.folder / journal.TEARDOWN_LOCK, deadline_seconds):
        # The previous holder of the lock may have finished: another run may have the names now.
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
            left += [f"stack {stack} (Docker is not reachable)" for stack in run.stacks()]
        return left + _remove_files(run, on_removed)


def note_anonymous_volumes(run: Journal, docker_client: "DockerClient") -> None:
    """Write the anonymous volumes of the run's containers into its journal.

    The Swarm removes them with a task's container. One that it leaves can be recognised as the
    run's only while that container exists. The teardown does this itself.
    """
    scope = scope_of(run, docker_client)
    objects = holdings.list_objects(docker_client, {"container"})
    for volume in sorted(holdings.anonymous_volumes(objects, scope) - scope.volumes):
        run.record("volume", volume, anonymous=True)


def scope_of(run: Journal, docker_client: "DockerClient") -> Scope:
    """Return the rule for what belongs to the run on this node."""
    stacks = frozenset(run.stacks())
    # Stacks that are in no journal count as well: their names may begin with one of the run's.
    on_node = {item.stack for item in holdings.list_objects(docker_client, {"service"})}
    others = frozenset({*journal.known_stacks(), *on_node} - stacks - {""})
    volumes = frozenset(
        entry.name
        for entry in run.entries()
        if entry.kind == "volume" and holdings.is_anonymous(entry.name)
    )
    return Scope(stacks, others, frozenset({run.run_id}), volumes)


def leftovers(run: Journal, docker_client: "DockerClient") -> list[str]:
    """Return the run's objects that are in Docker now, by kind and name."""
    scope = scope_of(run, docker_client)
    return [str(item) for item in holdings.list_objects(docker_client) if scope.owns(item)]


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
        """Remove everything of the run in Docker; return what is left, with Docker's reason."""
        try:
            self._note_other_nodes()
            note_anonymous_volumes(self.run, self.client)
            self.scope = scope_of(self.run, self.client)
            self._remove({"service"})
            left = self._forget_snapshots()
            return left + self._remove_until_gone() + self._on_other_nodes()
        except (DockerException, RequestException) as error:
            if not is_ready() and self._is_back():
                return self.all()
            return [f"all that run {self.run.run_id} made in Docker ({error})"]

    def _is_back(self) -> bool:
        """Wait for a daemon that went away; return whether it is back in time."""
        left_seconds = max(self.ends_at - time.monotonic(), 0)
        with suppress(TooLate):
            wait_for("the Docker daemon to answer", lambda: Look(is_ready(), ""), left_seconds, 1)
            return True
        return False

    def _remove_until_gone(self) -> list[str]:
        may_run_until = time.monotonic() + self.grace_seconds
        while True:
            patient = time.monotonic() < may_run_until
            running = self._own({"service", "container"})
            # Networks and volumes cannot be removed before the containers: tried at the end only.
            late = time.monotonic() > self.ends_at
            self._remove(
                {"service", "container", "secret", "config"}
                if running and not late
                else set(KINDS),
                patient=patient,
            )
            left = [str(item) for item in self._own()] + self._tasks()
            if not left or late:
                return [f"{one} ({self.why[one]})" if one in self.why else one for one in left]
            time.sleep(PAUSE_SECONDS)

    def _own(self, kinds: set[str] | None = None) -> list[DockerObject]:
        """Return the run's objects, those of an app before those of its dependencies."""
        listed = holdings.list_objects(self.client, kinds or KINDS)
        # Dependencies are deployed first, and so recorded first.
        order = {stack: number for number, stack in enumerate(self.run.stacks())}
        own = [item for item in listed if self.scope.owns(item)]
        return sorted(own, key=lambda item: order.get(item.stack, -1), reverse=True)

    def _remove(self, kinds: set[str], patient: bool = False) -> None:
        """Try once to remove the run's objects of some kinds; leave running ones if patient."""
        for item in self._own(kinds):
            if patient and item.running:
                continue
            try:
                self._remove_one(item)
            except NotFound:
                continue  # The Swarm, or somebody else, removed it first.
            except APIError as error:
                self.why[str(item)] = str(error.explanation)
            else:
                self.on_removed(str(item))

    def _remove_one(self, item: DockerObject) -> None:
        api: Any = self.client.api
        if item.kind == "container":
            # With its anonymous volumes. Forced, since a dead container keeps its volumes in use.
            api.remove_container(item.id, v=True, force=True)
        else:
            getattr(api, f"remove_{item.kind}")(item.id)

    def _raw_tasks(self) -> list[dict[str, Any]]:
        stacks = self.run.stacks()
        tasks = holdings.swarm_list(self.client, "tasks")
        return [task for task in tasks if _stack_of_task(task) in stacks]

    def _tasks(self) -> list[str]:
        """Return the run's tasks that may have a container elsewhere, or may yet get one here."""
        found = []
        for task in self._raw_tasks():
            state, node = task["Status"]["State"], task.get("NodeID", "")
            # Containers here are listed themselves; the Swarm notices their end seconds later.
            had_its_container = node == self.here and state in {"starting", "running"}
            unwanted = task["DesiredState"] in {"shutdown", "remove"}
            if state not in ENDED_STATES and not (had_its_container and unwanted):
                found.append(f"task {task['ID']} ({state}) on node {node or '(none yet)'}")
        return found

    def _note_other_nodes(self) -> None:
        """Note the volumes on other nodes while the tasks that use them are listed."""
        swarm = self.client.info().get("Swarm", {})
        if swarm.get("LocalNodeState") == "active" and not swarm.get("ControlAvailable"):
            raise DockerException("this daemon is no manager of its Swarm; run this on a manager")
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
            f"{name} (out of reach from here: remove it there, then run "
            f"`python -m ccci.teardown.sweep --forget {self.run.run_id}`)"
            for name in self.run.names("remote")
            if name not in self.run.names("remote-removed")
        ]

    def _forget_snapshots(self) -> list[str]:
        hosts = {*self.run.stacks(), *self.run.names("domain")}
        made = bool(self.run.names("snapshot"))
        try:
            for bot in snapshots.bots(self.client):
                for ended in snapshots.end_jobs_of(bot, hosts):
                    self.on_removed(ended)
                snapshots.require_unchanged(bot)
        except (NodeFailure, APIError) as error:
            if made:
                return [f"snapshots of {', '.join(self.run.stacks())} ({error})"]
            return []
        return self._forget_until_gone(hosts) if made else []

    def _forget_until_gone(self, hosts: set[str]) -> list[str]:
        why = "restic still lists them"
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
            left.append(f"path {path} (not removed: it holds more than this run's files)")
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
    """Return whether a recorded path can only be a mistake."""
    return (
        not path.is_absolute()
        or len(path.parts) < 4
        or ".." in path.parts
        or any(place.is_relative_to(path) for place in (state_dir(), Path.home()))
    )
