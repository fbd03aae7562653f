"""Reads stacks from the Swarm and finds the container of a service, through the Docker socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.services import Service as DockerService

from backupbot.errors import BackupError
from backupbot.labels import parse
from backupbot.plan import Mount, Service, Stack

_NAMESPACE = "com.docker.stack.namespace"
# abra cuts stack names here, since Swarm limits what is made from them to 64 characters.
_STACK_NAME_LIMIT = 45
_OUTPUT_KEPT_BYTES = 8192


@dataclass(frozen=True)
class CommandResult:
    """How a command in a container ended; `output` is its end, both streams together."""

    exit_code: int | None
    output: str


def stack_names(service: str) -> tuple[str, ...]:
    """The stack names that a domain or stack name may stand for, likeliest first.

    Example:
        >>> stack_names("shop.lab.test")
        ('shop_lab_test',)
    """
    name = service.strip().replace(".", "_")
    names = [name, name[:_STACK_NAME_LIMIT].rstrip("_-")]
    return tuple(dict.fromkeys(names))


def read_service(stack: str, spec: Mapping[str, Any], service_id: str) -> Service:
    """Make a Service of a Swarm service's `Spec`, as the Docker API gives it."""
    container = spec.get("TaskTemplate", {}).get("ContainerSpec", {})
    name = str(spec["Name"]).removeprefix(f"{stack}_")
    return Service(
        name=name,
        service_id=service_id,
        labels=parse(name, spec.get("Labels") or {}),
        mounts=tuple(
            Mount(m.get("Type", "volume"), m.get("Source", ""), m["Target"])
            for m in container.get("Mounts") or ()
        ),
    )


class Swarm:
    """The Swarm that this container runs in.

    Raises:
        BackupError: from every method, if Docker cannot be asked.
    """

    def __init__(self) -> None:
        try:
            # "auto": newer daemons refuse the version that Debian's library asks for by itself.
            self._docker = docker.DockerClient(version="auto", timeout=120)
        except DockerException as error:
            raise BackupError(f"Docker cannot be reached through its socket: {error}") from error

    def stack(self, service: str) -> Stack | None:
        """The deployed stack of a domain or stack name, or None."""
        for name in stack_names(service):
            found = self._services(f"{_NAMESPACE}={name}")
            if found:
                return _stack(name, found)
        return None

    def enabled_stacks(self) -> tuple[str, ...]:
        """Names of the stacks of which some service says `backupbot.backup=true`."""
        names = {
            service.attrs["Spec"]["Labels"].get(_NAMESPACE, "")
            for service in self._services("backupbot.backup")
        }
        stacks = [self.stack(name) for name in sorted(names - {""})]
        return tuple(stack.name for stack in stacks if stack is not None and stack.enabled)

    def container_of(self, service: Service) -> str:
        """The id of the running container of a service on this node.

        Raises:
            BackupError: if there is none.
        """
        try:
            tasks: list[dict[str, Any]] = self._docker.api.tasks(  # type: ignore[no-untyped-call]
                filters={"service": service.service_id, "desired-state": "running"}
            )
        except DockerException as error:
            raise BackupError(f"the Swarm does not answer: {error}") from error
        running = [task for task in tasks if task["Status"]["State"] == "running"]
        if not running:
            seen = ", ".join(task["Status"]["State"] for task in tasks) or "no task"
            raise BackupError(f"service {service.name} has no running container ({seen})")
        # During an update start-first two run; the newest is the one that stays.
        newest = max(running, key=lambda task: str(task["CreatedAt"]))
        return str(newest["Status"]["ContainerStatus"]["ContainerID"])

    def run(self, container: str, command: list[str]) -> CommandResult:
        """Run a command in a container and wait for its end.

        Raises:
            BackupError: if the container is gone, stopped, or lacks the program.
        """
        api = self._docker.api
        try:
            started = api.exec_create(container, command)["Id"]
            kept = b""
            for chunk in api.exec_start(started, stream=True):
                kept = (kept + chunk)[-_OUTPUT_KEPT_BYTES:]
            ended = api.exec_inspect(started)
        except NotFound as error:
            raise BackupError("its container is gone: it was replaced meanwhile") from error
        except APIError as error:
            # 409: the container exists and does not run (any more).
            raise BackupError(f"its container takes no command: {error.explanation}") from error
        return CommandResult(ended.get("ExitCode"), kept.decode(errors="replace").strip())

    def _services(self, label: str) -> list[DockerService]:
        try:
            services: list[DockerService] = self._docker.services.list(filters={"label": label})
        except DockerException as error:
            raise BackupError(f"the Swarm does not answer: {error}") from error
        return services


def _stack(name: str, services: list[DockerService]) -> Stack:
    version = "unknown"
    read = []
    for service in services:
        spec = service.attrs["Spec"]
        version = spec.get("Labels", {}).get(f"coop-cloud.{name}.version", version)
        read.append(read_service(name, spec, str(service.id)))
    return Stack(name, tuple(sorted(read, key=lambda s: s.name)), version)
