"""Watches that no service of a run exceeds its limits, and stops the one that does.

The kernel bounds memory and processes, and Docker bounds the log, but nobody is told when an app
comes to a bound. So the run watches: Docker tells when a container is out of memory; the kernel
counts the processes that it refused; a log that was cut has a second file. Nothing bounds the disk:
it is measured when it has filled by some amount. The limit of processes is set when a container
starts, since the Swarm does not set it for older compose files.

A service that exceeded a limit is removed from the Swarm at once, and its app has failed. What runs
on other nodes has the limits of memory and log only.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException

from ccci.errors import RecipeFailure
from ccci.recipe.limits import told
from ccci.recipe.overlay import DISK_LABEL, PIDS_LABEL
from ccci.swarm.cgroup import cgroup_of, processes_of
from ccci.swarm.disk_use import folders_of, free_bytes, held_by, layer_of, own_files_of, used_by
from ccci.swarm.holdings import SERVICE_LABEL, STACK_LABEL

EVERY_SECONDS = 1.0
# The disk is measured when so much more of it is used than at the last measurement.
GROWN_BYTES = 128 * 1024**2
_LOG_LINES = 10
_SERVICE_ID = "com.docker.swarm.service.id"
# What Docker's stream of events raises when it is closed, in whichever layer was reading.
_CLOSED = (DockerException, OSError, ValueError, AttributeError, HTTPException)


class LimitWatch:
    """The watch over the services of one run.

    Example:
        ``watch = LimitWatch(); watch.start(journal.stacks, print); watch.require(stack)``
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._exceeded: dict[str, str] = {}
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._inspected: dict[str, dict[str, Any]] = {}
        self._free: int | None = None
        self._lock = threading.Lock()

    def start(self, stacks: Callable[[], list[str]], tell: Callable[[str], None]) -> None:
        """Begin to watch, in threads of its own.

        Args:
            stacks: returns the run's stacks at the moment.
            tell: called with what was exceeded.

        Raises:
            docker.errors.DockerException: the daemon does not answer.
        """
        self._stacks, self._tell = stacks, tell
        client = docker.from_env()
        self._api: Any = client.api
        self._root = Path(client.info()["DockerRootDir"])
        for work in (self._listen, self._measure):
            thread = threading.Thread(target=work, daemon=True, name="limits of the apps")
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop watching: the run is being torn down."""
        self._over.set()

    def require(self, stack: str) -> None:
        """Fail if a service of a stack exceeded a limit.

        Raises:
            RecipeFailure: one did; the sentence names it, and the limit.
        """
        if stack in self._exceeded:
            raise RecipeFailure(self._exceeded[stack])

    def _listen(self) -> None:
        """Set the limit of processes when a container starts; note when one is out of memory."""
        filters = {"type": ["container"], "event": ["start", "oom"]}
        since = time.time()
        while not self._over.is_set():
            # A stream ends when nothing was said for a time, too; the next begins before that.
            with suppress(*_CLOSED):
                for event in self._api.events(decode=True, filters=filters, since=int(since)):
                    since = event["time"]
                    if self._over.is_set():
                        return
                    labels = event["Actor"]["Attributes"]
                    if labels.get(STACK_LABEL) in self._stacks():
                        self._on(event["Action"], event["Actor"]["ID"], labels)
            self._over.wait(EVERY_SECONDS / 10)

    def _on(self, action: str, container: str, labels: dict[str, str]) -> None:
        if action == "start":
            self._limit_processes(container, labels)
        else:
            memory = self._inspect(container)["HostConfig"]["Memory"]
            limit = told(memory) if memory else "none"
            self._stop(container, labels, f"was killed for its memory: limit {limit}")

    def _measure(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            # A container ended between two calls, or the daemon is busy: the next turn is near.
            with suppress(DockerException, OSError):
                self._look()

    def _look(self) -> None:
        stacks = set(self._stacks())
        # Ended tasks are kept for a while, with all that they wrote.
        listed = self._api.containers(all=True, filters={"label": STACK_LABEL}) if stacks else []
        own = [one for one in listed if one["Labels"].get(STACK_LABEL) in stacks]
        self._inspected = {
            one["Id"]: found for one in own if (found := self._inspected.get(one["Id"]))
        }
        free = free_bytes(self._root)
        grown = free is not None and (self._free is None or self._free - free > GROWN_BYTES)
        for one in own:
            container, labels = one["Id"], one["Labels"]
            if one["State"] == "running":
                self._limit_processes(container, labels)
                if what := self._refused_processes(container, labels) or self._cut_log(container):
                    self._stop(container, labels, what)
        if grown:
            self._look_at_disk(own)
        if grown or (free or 0) > (self._free or 0):
            self._free = free

    def _inspect(self, container: str) -> dict[str, Any]:
        found = self._inspected.get(container)
        # One that is not running yet has no process, and gets one.
        if found is None or not found["State"]["Pid"]:
            found = self._inspected[container] = self._api.inspect_container(container)
        return found

    def _limit_processes(self, container: str, labels: dict[str, str]) -> None:
        limit = int(labels.get(PIDS_LABEL) or 0)
        set_to = self._inspect(container)["HostConfig"]
        if limit and set_to.get("PidsLimit") != limit:
            # docker-py has no name for this one.
            url = self._api._url("/containers/{0}/update", container)
            self._api._raise_for_status(self._api._post_json(url, data={"PidsLimit": limit}))
            set_to["PidsLimit"] = limit

    def _refused_processes(self, container: str, labels: dict[str, str]) -> str:
        cgroup = cgroup_of(container, self._inspect(container)["State"]["Pid"], "pids")
        try:
            words = (cgroup.folder / "pids.events").read_text("ascii").split() if cgroup else []
        except OSError:
            return ""
        refused = dict(zip(words[::2], words[1::2], strict=False)).get("max", "0")
        if refused == "0":
            return ""
        return f"asked for more processes or threads than it may have: limit {labels[PIDS_LABEL]}"

    def _cut_log(self, container: str) -> str:
        inspected = self._inspect(container)
        size = str(inspected["HostConfig"]["LogConfig"]["Config"].get("max-size"))
        # Docker begins another file where one is full.
        if not size.isdecimal() or not Path(f"{inspected['LogPath']}.1").exists():
            return ""
        return f"logged too much: limit {told(int(size))}"

    def _look_at_disk(self, own: list[dict[str, Any]]) -> None:
        """Stop each service whose containers, those that have ended too, fill the disk."""
        services: dict[str, list[dict[str, Any]]] = {}
        for one in own:
            services.setdefault(one["Labels"][SERVICE_LABEL], []).append(one)
        for containers in services.values():
            labels = containers[0]["Labels"]  # Docker lists the newest first.
            limit = int(labels.get(DISK_LABEL) or 0)
            running = sum(one["State"] == "running" for one in containers)
            if limit and self._fills(containers, limit * max(1, running)):
                what = f"filled the disk, its own layer or its volumes: limit {told(limit)}"
                self._stop(containers[0]["Id"], labels, what)

    def _fills(self, containers: list[dict[str, Any]], limit: int) -> bool:
        used, folders = 0, dict[Path, None]()
        for one in containers:
            container, inspected = one["Id"], self._inspect(one["Id"])
            if one["State"] == "running":
                used += held_by(processes_of(container, inspected["State"]["Pid"]))
            used += own_files_of(inspected)
            folders |= dict.fromkeys(folders_of(inspected))
            if not layer_of(inspected):
                used += self._size_of_layer(container)
        return used + used_by(folders, limit) > limit

    def _size_of_layer(self, container: str) -> int:
        # docker-py has no name for this one either.
        url = self._api._url("/containers/{0}/json", container)
        answer = self._api._get(url, params={"size": 1})
        return int(self._api._result(answer, True).get("SizeRw") or 0)

    def _stop(self, container: str, labels: dict[str, str], what: str) -> None:
        """Note what was exceeded, and remove the service with its containers."""
        stack, name = labels[STACK_LABEL], labels[SERVICE_LABEL]
        with self._lock:
            if self._over.is_set():
                return
            first = stack not in self._exceeded
            if first:
                log = self._last_log_lines(container)
                short = name.removeprefix(f"{stack}_")
                self._exceeded[stack] = (
                    f"Service {short} {what}. It was stopped. Every task gets an even part of the "
                    "app's share of the node; if it needs more, raise 'weight' in recipe.toml, or "
                    f"give it a [[limit]].{log}"
                )
                self._tell(f"service {short} {what}")
            with suppress(APIError):
                self._api.remove_service(labels[_SERVICE_ID])
            for one in self._api.containers(filters={"label": f"{SERVICE_LABEL}={name}"}):
                with suppress(APIError):
                    self._api.kill(one["Id"])

    def _last_log_lines(self, container: str) -> str:
        with suppress(APIError):
            text = self._api.logs(container, tail=_LOG_LINES)[-2000:].decode("utf-8", "replace")
            if text.strip():
                return f"\nThe last it logged:\n{text.strip()}"
        return ""
