"""Reads stacks and runs commands in containers, through the Docker socket."""

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
# abra cuts longer stack names, since in Swarm names that include them have at most 64 characters.
_STACK_NAME_LIMIT = 45
_OUTPUT_BYTES = 8192


@dataclass(frozen=True)
class CommandResult:
    """The result of a command in a container; `output` is the end of stdout and stderr together."""

    exit_code: int | None
    output: str


def stack_names(service: str) -> tuple[str, ...]:
    """Return the possible stack names for a domain or stack name, the likeliest first.

    Example:
        >>> stack_names("shop.lab.test")
        ('shop_lab_test',)
    """
    name = service.strip().replace(".", "_")
    names = [name, name[:_STACK_NAME_LIMIT].rstrip("_-")]
    return tuple(dict.fromkeys(names))


def read_service(stack: str, spec: Mapping[str, Any], service_id: str) -> Service:
    """Create a Service from the `Spec` of a Swarm service in Docker's API."""
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
        BackupError: raised by every method if Docker cannot be reached.
    """

    def __init__(self) -> None:
        try:
            # "auto": newer daemons refuse the default API version of Debian's library.
            self._docker = docker.DockerClient(version="auto", timeout=120)
        except DockerException as error:
            raise BackupError(f"Docker cannot be reached through its socket: {error}") from error

    def stack(self, service: str) -> Stack | None:
        """Return the deployed stack of a domain or stack name, or None."""
        for name in stack_names(service):
            found = self._services(f"{_NAMESPACE}={name}")
            if found:
                return _stack(name, found)
        return None

    def enabled_stacks(self) -> tuple[str, ...]:
        """Return the names of the stacks in which a service has `backupbot.backup=true`."""
        names = {
            service.attrs["Spec"]["Labels"].get(_NAMESPACE, "")
            for service in self._services("backupbot.backup")
        }
        stacks = [self.stack(name) for name in sorted(names - {""})]
        return tuple(stack.name for stack in stacks if stack is not None and stack.enabled)

    def container_of(self, service: Service) -> str:
        """Return the id of the running container of a service on this node.

        Raises:
            BackupError: there is none.
        """
        try:
            tasks: list[dict[str, Any]] = self._docker.api.tasks(  # type: ignore[no-untyped-call]
                filters={"service": service.service_id, "desired-state": "running"}
            )
        except DockerException as error:
            raise BackupError(f"Docker cannot be reached: {error}") from error
        running = [task for task in tasks if task["Status"]["State"] == "running"]
        if not running:
            seen = ", ".join(task["Status"]["State"] for task in tasks) or "no task"
            raise BackupError(f"service {service.name} has no running container ({seen})")
        # During an update with start-first, two are running; the newest one will be kept.
        newest = max(running, key=lambda task: str(task["CreatedAt"]))
        return str(newest["Status"]["ContainerStatus"]["ContainerID"])

    def run(self, container: str, command: list[str]) -> CommandResult:
        """Run a command in a container and wait until it ends.

        Raises:
            BackupError: the container does not exist, is not running, or does not have the program.
        """
        api = self._docker.api
        try:
            started = api.exec_create(container, command)["Id"]
            output = b""
            for chunk in api.exec_start(started, stream=True):
                output = (output + chunk)[-_OUTPUT_BYTES:]
            ended = api.exec_inspect(started)
        except NotFound as error:
            raise BackupError("its container does not exist any more: it was replaced") from error
        except APIError as error:
            # 409: the container exists, but is not running.
            raise BackupError(f"its container cannot run a command: {error.explanation}") from error
        return CommandResult(ended.get("ExitCode"), output.decode(errors="replace").strip())

    def _services(self, label: str) -> list[DockerService]:
        try:
            services: list[DockerService] = self._docker.services.list(filters={"label": label})
        except DockerException as error:
            raise BackupError(f"Docker cannot be reached: {error}") from error
        return services


def _stack(name: str, services: list[DockerService]) -> Stack:
    version = "unknown"
    read = []
    for service in services:
        spec = service.attrs["Spec"]
        version = spec.get("Labels", {}).get(f"coop-cloud.{name}.version", version)
        read.append(read_service(name, spec, str(service.id)))
    return Stack(name, tuple(sorted(read, key=lambda s: s.name)), version)
