"""Sees every task of an app that ends, from Docker's events and from the Swarm's list of tasks.

Docker's events tell of each container that ends on this node at once; the Swarm's list tells why
(its own will, or told to), has the tasks of other nodes, and forgets all but the newest. Each alone
misses something: both together are kept from the beginning of the run.

The events of the Docker Engine API (`GET /events`, types container, actions `die` and `kill`) have
a time, the exit code, and the labels of the container. After a break the stream goes on from the
last event heard (`since`).
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException
from requests.exceptions import RequestException

from ccci.swarm.holdings import STACK_LABEL
from ccci.swarm.meant import Meant
from ccci.swarm.view import Service, SwarmView, Task

if TYPE_CHECKING:
    from docker import DockerClient

TASK_LABEL = "com.docker.swarm.task.id"
SERVICE_LABEL = "com.docker.swarm.service.name"
# The tasks of other nodes end without an event here.
_LOOK_SECONDS = 2.0
_CONNECT_AGAIN_SECONDS = 1.0
# What the two may do when the daemon goes away, or when their stream is closed from here.
_BROKEN = (DockerException, RequestException, HTTPException, OSError, ValueError, AttributeError)


@dataclass(frozen=True)
class Death:
    """A task that ended by itself.

    Attributes:
        task: its id.
        service: the short name of its service.
        exit_code: of its container; None when it had none.
        message: what the Swarm says of its end, or "".
        at: when it was seen, in seconds since the epoch.
    """

    task: str
    service: str
    exit_code: int | None
    message: str
    at: float

    def __str__(self) -> str:
        code = "no exit code" if self.exit_code is None else f"exit code {self.exit_code}"
        why = f" ({self.message})" if self.message else ""
        return f"a task of {self.service} ended with {code}{why} at {clock(self.at)}"


@dataclass(frozen=True)
class _Heard:
    """A container's end, as Docker's events tell it."""

    service: str
    exit_code: int
    at: float
    told: bool


class TaskWatch:
    """Remembers every task of a stack that ended.

    Args:
        swarm: the Swarm.
        stack: returns the stack's name at the moment.
        meant: which services may end.

    Example:
        ``watch = TaskWatch(SwarmView(), lambda: "blog_example_org", Meant()); watch.start()``
    """

    def __init__(self, swarm: SwarmView, stack: Callable[[], str], meant: Meant) -> None:
        """Hear nothing yet."""
        self._swarm, self._stack, self._meant = swarm, stack, meant
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._something = threading.Event()
        self._heard: dict[str, _Heard] = {}
        self._killed: set[str] = set()
        self._seen: dict[str, tuple[Service, Task, float]] = {}
        self._excused: set[str] = set()
        self._stream: Any = None
        self._since = time.time()

    def start(self) -> None:
        """Begin to hear and to look, in threads of their own."""
        for job in (self._listen, self._keep_looking):
            threading.Thread(target=job, daemon=True, name=f"tasks of {self._stack()}").start()

    def stop(self) -> None:
        """Hear and look no more."""
        self._over.set()
        self._something.set()
        if self._stream is not None:
            with suppress(*_BROKEN):
                self._stream.close()

    def look(self) -> None:
        """Look at the Swarm's list of tasks now.

        Raises:
            docker.errors.DockerException, requests.exceptions.RequestException: Docker does not
                answer.
        """
        services, now = self._swarm.services(self._stack()), time.time()
        with self._lock:
            for service in services:
                for task in service.tasks:
                    before = self._seen.get(task.id)
                    at = before[2] if before and before[1].state == task.state else now
                    self._seen[task.id] = (service, task, at)

    def excuse(self) -> None:
        """Forget what has ended up to now: a step of ours took the app down."""
        with self._lock:
            self._excused |= self._heard.keys() | {
                task.id for _, task, _ in self._seen.values() if task.dead or task.could_not_start
            }

    def deaths(self) -> list[Death]:
        """Return the tasks that ended by themselves and are not excused, oldest first."""
        found: list[Death] = []
        with self._lock:
            listed = {id_: one for id_, one in self._seen.items() if id_ not in self._excused}
            for id_, (service, task, at) in listed.items():
                heard = self._heard.get(id_)
                # The Swarm may forget it before it is seen dead, or be late to see it.
                unseen = heard and not heard.told and task.state == task.wanted == "running"
                may_end = service.short_name in self._meant.to_end
                if task in self._meant.deaths_of(service) or (unseen and not may_end):
                    code, at = (heard.exit_code, heard.at) if heard else (task.exit_code, at)
                    found.append(Death(id_, service.short_name, code, task.message, at))
        return sorted(found, key=lambda death: death.at)

    def _listen(self) -> None:
        """Hear events until stopped; after a break go on where it was."""
        while not self._over.is_set():
            with suppress(*_BROKEN):
                self._stream = self._client.events(
                    since=int(self._since), decode=True,
                    filters={"type": "container", "event": ["die", "kill"], "label": STACK_LABEL},
                )  # fmt: skip
                for event in self._stream:
                    self._hear(event)
            self._over.wait(_CONNECT_AGAIN_SECONDS)

    def _hear(self, event: dict[str, Any]) -> None:
        self._since = event["timeNano"] / 1e9
        about = event["Actor"]["Attributes"]
        stack = self._stack()
        if about.get(STACK_LABEL) != stack or TASK_LABEL not in about:
            return
        task = about[TASK_LABEL]
        with self._lock:
            if event["Action"] == "kill":
                self._killed.add(task)
            elif task not in self._heard:
                self._heard[task] = _Heard(
                    about.get(SERVICE_LABEL, "").removeprefix(f"{stack}_"),
                    int(about.get("exitCode", 0)), self._since, task in self._killed,
                )  # fmt: skip
        self._something.set()

    def _keep_looking(self) -> None:
        while not self._over.is_set():
            with suppress(*_BROKEN):
                self.look()
            # An end is in the Swarm's list a moment after its event.
            if self._something.wait(_LOOK_SECONDS):
                self._something.clear()
                self._over.wait(0.2)

    @property
    def _client(self) -> "DockerClient":
        return self._swarm.client


def clock(seconds: float) -> str:
    """Return a time since the epoch as people read it: ``23:01:07 UTC``."""
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) + " UTC"
