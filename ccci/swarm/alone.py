"""A command as the only process of a container: what it says where nothing of the app runs.

The container has the image, the settings, the user and the configs of a service's container, and
neither its network, nor its volumes, nor its secrets: at most files that stand for these. It is
removed in any case; should this process be killed before, its label says whose it is, and teardown
and reaper remove it.
"""

import base64
import io
import posixpath
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig
from requests.exceptions import RequestException

from ccci.errors import NodeFailure
from ccci.swarm.as_seen import read_as_seen
from ccci.swarm.holdings import RUN_LABEL
from ccci.swarm.view import Service, SwarmView
from ccci.waiting import Look, TooLate, wait_for

# A command that needs more than these does not end with 0.
_PROCESSES, _MOST_SECONDS = 256, 60.0
_LOOK_SECONDS = 0.1
# Docker may take its time to start a container on a busy node, and to tell that it ended.
_BUSY_SECONDS = 20.0
# What stands in a file for a secret.
_NO_SECRET = b"not-the-secret"
# What Docker says of a program that is not there, or cannot be run.
_NO_PROGRAM = (126, 127)


@dataclass(frozen=True)
class ServiceFile:
    """A file that the Swarm gives a service: where it lies, what it holds, and whose it is."""

    path: str
    content: bytes
    uid: int
    gid: int
    mode: int


@dataclass(frozen=True)
class Command:
    """What is run in a container of its own.

    Attributes:
        words: the program and its arguments.
        seconds: how long it may take.
        wants_secrets: it gives up before it does anything, if the files of the service's secrets
            are not there. They are then, with a text that is no secret.
        memory: how much it may use, as Docker takes it. One that needs more does not end with 0.
    """

    words: tuple[str, ...]
    seconds: float
    wants_secrets: bool = False
    memory: str = "256m"


def exit_code_alone(
    swarm: SwarmView, service: Service, command: Command, name: str, run_id: str
) -> int | None:
    """Run a command of a service where nothing of the service runs, and return its exit code.

    Args:
        swarm: where the service is.
        service: it must have a running container on this node.
        command: such as its health check.
        name: of the container.
        run_id: the run that owns the container.

    Returns:
        None if the command did not end within its time.

    Raises:
        NodeFailure: Docker did not make or run the container.
    """
    try:
        like = swarm.container_of(service)
        files = _files_of(swarm, service, str(like.id), command.wants_secrets)
        made = _made(swarm.client, like, command, name, {RUN_LABEL: run_id})
        try:
            made.put_archive("/", _archive(files))
            return _run(made, min(command.seconds, _MOST_SECONDS))
        finally:
            with suppress(NotFound):
                made.remove(v=True, force=True)
    except (DockerException, RequestException) as error:
        raise NodeFailure(
            f"'{' '.join(command.words)}' of service {service.short_name} cannot be tried in a "
            f"container of its own: {error}"
        ) from None


def _made(client: Any, like: Any, command: Command, name: str, labels: dict[str, str]) -> Any:
    config = like.attrs["Config"]
    return client.containers.create(
        like.attrs["Image"],
        name=name,
        entrypoint=list(command.words),
        environment=config.get("Env") or [],
        user=config.get("User") or "",
        working_dir=config.get("WorkingDir") or "",
        healthcheck={"test": ["NONE"]},
        labels=labels,
        log_config=LogConfig(type="none"),
        mem_limit=command.memory,
        memswap_limit=command.memory,
        network_mode="none",
        pids_limit=_PROCESSES,
    )


def _run(container: Any, seconds: float) -> int | None:
    try:
        container.start()
    except APIError:
        container.reload()
        code = int(container.attrs["State"]["ExitCode"])
        if code in _NO_PROGRAM:
            return code
        raise

    def look() -> Look:
        container.reload()
        state = container.attrs["State"]["Status"]
        return Look(state in ("exited", "dead"), state)

    try:
        wait_for("the command to end", look, seconds + _BUSY_SECONDS, _LOOK_SECONDS)
    except TooLate:
        return None
    state = container.attrs["State"]
    lived = datetime.fromisoformat(state["FinishedAt"]) - datetime.fromisoformat(state["StartedAt"])
    return int(state["ExitCode"]) if lived.total_seconds() <= seconds else None


def _files_of(
    swarm: SwarmView, service: Service, container: str, with_secrets: bool
) -> list[ServiceFile]:
    """Return a service's configs as its container sees them, templates filled in.

    Where they cannot be read they are as the Swarm keeps them.
    """
    api: Any = swarm.client.api
    spec = api.inspect_service(service.id)["Spec"]["TaskTemplate"]["ContainerSpec"]
    files = []
    for config in spec.get("Configs") or []:
        if file := config.get("File"):
            path = "/" + str(file["Name"]).lstrip("/")
            content = read_as_seen(container, path)
            if content is None:
                content = base64.b64decode(api.inspect_config(config["ConfigID"])["Spec"]["Data"])
            files.append(_file(file, path, content))
    for secret in spec.get("Secrets") or [] if with_secrets else []:
        if file := secret.get("File"):
            path = posixpath.join("/run/secrets", str(file["Name"]))
            files.append(_file(file, path, _NO_SECRET))
    return files


def _file(file: Mapping[str, Any], path: str, content: bytes) -> ServiceFile:
    uid, gid = int(file.get("UID") or 0), int(file.get("GID") or 0)
    return ServiceFile(path, content, uid, gid, file.get("Mode", 0o444))


def _archive(files: Iterable[ServiceFile]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size, entry.mode = len(file.content), file.mode & 0o777
            entry.uid, entry.gid = file.uid, file.gid
            tar.addfile(entry, io.BytesIO(file.content))
    return archive.getvalue()
