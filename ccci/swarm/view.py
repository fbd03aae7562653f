"""The state of a stack, as the Swarm reports it. Reads only; nothing here changes anything."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from queue import Empty, Queue
from threading import Thread
from typing import Any

import docker
from docker.errors import APIError, DockerException

from ccci.errors import NodeFailure
from ccci.swarm.daemon import patient

NAMESPACE = "com.docker.stack.namespace"
_SERVICE_ID = "com.docker.swarm.service.id"
_COULD_NOT_START = 128


@dataclass(frozen=True)
class Task:
    """One task of a service.

    Attributes:
        id: its identity.
        state: its actual state (`running`, `starting`, `failed`, ...).
        wanted: its desired state (`running`, `shutdown`, ...).
        current: it was made from the service's current definition, not from one before an update.
        created: when it was made.
        exit_code: of its container, when that has ended.
        message: the Swarm's error message, or "".
    """

    id: str
    state: str
    wanted: str
    current: bool
    created: datetime
    exit_code: int | None
    message: str

    @property
    def dead(self) -> bool:
        """Whether it ended without being told to (with exit code 0, too), or was refused.

        What was told to end is `shutdown`. What the engine could not start never lived.
        """
        ended = self.state in ("failed", "rejected", "orphaned", "complete")
        return ended and not self.could_not_start

    @property
    def could_not_start(self) -> bool:
        """Whether the engine could not start its container, for a reason of the node's own.

        Docker gives exit code 128 then; a command that is not there has 127 or 126.
        """
        return (
            self.state == "failed"
            and self.exit_code == _COULD_NOT_START
            and self.message.startswith("starting container failed")
        )


@dataclass(frozen=True)
class Service:
    """One service of a stack.

    Attributes:
        id: its identity.
        name: its full name, `<stack>_<service>`.
        short_name: its name in the compose file.
        image: the image reference of its definition, without digest.
        labels: its own labels (`deploy.labels` in the compose file).
        replicas: how many tasks it is to have; None for one on each node.
        update_state: of the last update: "", updating, completed, paused, rollback_started, ...
        restart: when the Swarm starts a task again that ended: any, on-failure or none.
        tasks: newest first.
        digest: of the image reference, `sha256:...`; "" where it has none.
    """

    id: str
    name: str
    short_name: str
    image: str
    labels: dict[str, str]
    replicas: int | None
    update_state: str
    restart: str
    tasks: tuple[Task, ...]
    digest: str = ""

    @property
    def running(self) -> list[Task]:
        """The tasks of the current definition that are running, healthy, and meant to be."""
        return [
            task
            for task in self.tasks
            if task.current and task.state == "running" and task.wanted == "running"
        ]

    @property
    def ended(self) -> bool:
        """Whether a task of its current definition has done its work and ended with exit code 0."""
        return any(task.state == "complete" and task.current for task in self.tasks)

    def is_started_again(self, task: Task) -> bool:
        """Return whether the Swarm puts another task in the place of one that ended."""
        return self.restart == "any" or (self.restart == "on-failure" and task.state != "complete")

    def __str__(self) -> str:
        newest = self.tasks[0] if self.tasks else None
        state = newest.state if newest else "no task yet"
        if newest and newest.message:
            state += f" ({newest.message})"
        update = f", update {self.update_state}" if self.update_state else ""
        wanted = "global" if self.replicas is None else str(self.replicas)
        return (
            f"{self.short_name}: {len(self.running)}/{wanted} running, newest task {state}{update}"
        )


class SwarmView:
    """A read-only view of the Swarm that this machine manages."""

    def __init__(self) -> None:
        """Connect to the Docker daemon of DOCKER_HOST, or the local one.

        Raises:
            NodeFailure: it does not answer, or is no manager of a Swarm.
        """
        try:
            self.client = docker.from_env(timeout=60)
            info: dict[str, Any] = self.client.info()
        except DockerException as error:
            raise NodeFailure(
                f"The Docker daemon does not answer ({error}). Start it, or run 'make lab-up'."
            ) from None
        if not info.get("Swarm", {}).get("ControlAvailable"):
            raise NodeFailure(
                "This Docker daemon is no manager of a Swarm: run 'docker swarm init', or "
                "'make lab-up'."
            )
        self.client = patient(self.client)

    def services(self, stack: str) -> list[Service]:
        """Return the services of a stack, sorted by name."""
        api: Any = self.client.api
        raw = api.services(filters={"label": f"{NAMESPACE}={stack}"})
        tasks: dict[str, list[dict[str, Any]]] = {}
        for task in api.tasks(filters={"label": f"{NAMESPACE}={stack}"}) if raw else []:
            tasks.setdefault(task["ServiceID"], []).append(task)
        found = [_service(one, tasks.get(one["ID"], []), stack) for one in raw]
        return sorted(found, key=lambda service: service.name)

    def containers(self, stack: str) -> list[Any]:
        """Return the stack's containers on this node, with those that have ended."""
        containers: list[Any] = self.client.containers.list(
            all=True, filters={"label": f"{NAMESPACE}={stack}"}, ignore_removed=True
        )
        return containers

    def container_of(self, service: Service) -> Any:
        """Return the running container of a service on this node.

        Raises:
            NodeFailure: it has none on this node.
        """
        running = self.client.containers.list(
            filters={"label": f"{_SERVICE_ID}={service.id}"}, ignore_removed=True
        )
        if not running:
            raise NodeFailure(f"Service {service.name} has no running container on this node.")
        return running[0]

    def last_log_lines(self, service: Service, lines: int = 15) -> str:
        """Return the last lines that a service's newest container logged; "" if it logged none."""
        found = self.client.containers.list(
            all=True, filters={"label": f"{_SERVICE_ID}={service.id}"}, ignore_removed=True
        )
        for container in sorted(found, key=lambda c: str(c.attrs["Created"]), reverse=True):
            with suppress(APIError):
                text: str = container.logs(tail=lines).decode("utf-8", "replace").strip()
                if text:
                    return text
        # The container may be on another node, or removed. This command can hang: bounded.
        with suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                ["docker", "service", "logs", "--raw", "--tail", str(lines), service.id],
                capture_output=True,
                text=True,
                timeout=5,
                check=False,
            )
            return (done.stdout + done.stderr).strip()
        return ""

    def secrets(self, stack: str) -> dict[str, str]:
        """Return name to identity of a stack's secrets; a new secret has a new identity."""
        found = self.client.secrets.list()
        return {str(s.name): str(s.id) for s in found if str(s.name).startswith(f"{stack}_")}

    @contextmanager
    def events(self, stack: str) -> Iterator["Queue[None]"]:
        """Give a queue that gets an item whenever something happens to the stack.

        Docker has events of services and containers, not of tasks, and none of containers on
        other nodes: a caller that waits must also poll now and then.
        """
        events: Queue[None] = Queue()
        stream = self.client.events(decode=True, filters={"type": ["container", "service"]})

        def listen() -> None:
            # Closing the stream raises an error in whichever layer was reading.
            with suppress(DockerException, OSError, ValueError, AttributeError, HTTPException):
                for event in stream:
                    attributes = event.get("Actor", {}).get("Attributes", {})
                    name = attributes.get("name", "")
                    if attributes.get(NAMESPACE) == stack or name.startswith(f"{stack}_"):
                        events.put(None)

        Thread(target=listen, daemon=True, name=f"events of {stack}").start()
        try:
            yield events
        finally:
            stream.close()


def wait_for_event(events: "Queue[None]", at_most_seconds: float) -> bool:
    """Wait for an event, at most so long; return whether one came. Several count as one."""
    something = False
    with suppress(Empty):
        events.get(timeout=max(at_most_seconds, 0))
        something = True
        while True:
            events.get_nowait()
    return something


def _service(raw: dict[str, Any], tasks: list[dict[str, Any]], stack: str) -> Service:
    spec = raw["Spec"]
    template = spec["TaskTemplate"]
    restart = template.get("RestartPolicy", {}).get("Condition", "any")
    mode = spec.get("Mode", {})
    seen = [_task(task, template) for task in tasks]
    return Service(
        id=raw["ID"],
        name=spec["Name"],
        short_name=spec["Name"].removeprefix(f"{stack}_"),
        image=template["ContainerSpec"]["Image"].partition("@")[0],
        labels=spec.get("Labels") or {},
        replicas=mode["Replicated"].get("Replicas", 1) if "Replicated" in mode else None,
        update_state=(raw.get("UpdateStatus") or {}).get("State", ""),
        restart=restart,
        tasks=tuple(sorted(seen, key=lambda task: task.created, reverse=True)),
        digest=template["ContainerSpec"]["Image"].partition("@")[2],
    )


def _task(raw: dict[str, Any], template: dict[str, Any]) -> Task:
    status = raw["Status"]
    spec = raw["Spec"]
    return Task(
        id=raw["ID"],
        state=status["State"],
        wanted=raw["DesiredState"],
        current=_without_defaults(spec["ContainerSpec"])
        == _without_defaults(template["ContainerSpec"])
        and spec.get("ForceUpdate", 0) == template.get("ForceUpdate", 0),
        created=datetime.fromisoformat(raw["CreatedAt"][:19] + "+00:00"),
        exit_code=(status.get("ContainerStatus") or {}).get("ExitCode"),
        message=status.get("Err", ""),
    )


def _without_defaults(value: Any) -> Any:
    """Return a specification without default values, which a task's copy of it lacks."""
    if isinstance(value, dict):
        given = {key: _without_defaults(part) for key, part in value.items()}
        return {
            key: part for key, part in given.items() if part not in (None, False, 0, "", {}, [])
        }
    return [_without_defaults(part) for part in value] if isinstance(value, list) else value
