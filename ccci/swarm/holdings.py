"""Which Docker objects on a node belong to which run: one rule for teardown, witness and sweep.

An object belongs to a run by the label ``ccci.run=<run id>``, by the exact label of one of the
run's stacks, or, where it has no stack label (abra's secrets have none), by a name that begins with
the stack and an underscore. Of several known stacks with which a name begins, the longest counts.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

if TYPE_CHECKING:
    from docker import DockerClient

RUN_LABEL = "ccci.run"
STACK_LABEL = "com.docker.stack.namespace"
SERVICE_LABEL = "com.docker.swarm.service.name"
# In an order in which they can be removed.
KINDS = ("service", "container", "secret", "config", "network", "volume")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class DockerObject:
    """A service, container, secret, config, network or volume.

    Args:
        kind: one of `KINDS`.
        id: Docker's identity of it.
        name: its name.
        stack: the stack in its label; "" without one.
        run: the run in its label; "" without one.
        service: the name of the service, for the container of a task.
        running: whether it is running, for a container.
        volumes: the volumes that it mounts, for a container.
    """

    kind: str
    id: str
    name: str
    stack: str = ""
    run: str = ""
    service: str = ""
    running: bool = False
    volumes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Scope:
    """The rule for what belongs to a run, or to several.

    Args:
        stacks: the stacks of these runs.
        others: every other stack that is known on the node.
        runs: the ids of these runs.
        volumes: anonymous volumes that their journals have.
    """

    stacks: frozenset[str]
    others: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()

    def owns(self, item: DockerObject) -> bool:
        """Return whether an object belongs to the run."""
        if item.run:
            return item.run in self.runs
        if item.stack:
            return item.stack in self.stacks
        if item.kind == "volume" and item.name in self.volumes:
            return True
        # A container's own name proves nothing: anybody can choose it.
        name = item.service if item.kind == "container" else item.name
        return self._stack_of(name) in self.stacks

    def _stack_of(self, name: str) -> str:
        known = [one for one in self.stacks | self.others if name.startswith(f"{one}_")]
        return max(known, key=len, default="")


def is_anonymous(volume: str) -> bool:
    """Return whether a volume's name is one that Docker generated."""
    return _ANONYMOUS.fullmatch(volume) is not None


def list_objects(client: "DockerClient", kinds: Collection[str] = KINDS) -> list[DockerObject]:
    """Return the Docker objects of some kinds, in the order of `KINDS`.

    Services, secrets, configs and overlay networks are those of the whole Swarm, containers and
    volumes those of this node. A daemon without a Swarm has none of the former.

    Raises:
        docker.errors.DockerException: the daemon does not answer.
    """
    api: Any = client.api
    objects: list[DockerObject] = []
    if "service" in kinds:
        objects += [_from_spec("service", raw) for raw in swarm_list(client, "services")]
    if "container" in kinds:
        objects += [_container(raw) for raw in api.containers(all=True)]
    if "secret" in kinds:
        objects += [_from_spec("secret", raw) for raw in swarm_list(client, "secrets")]
    if "config" in kinds:
        objects += [_from_spec("config", raw) for raw in swarm_list(client, "configs")]
    if "network" in kinds:
        objects += [
            _object("network", raw["Id"], raw["Name"], raw.get("Labels")) for raw in api.networks()
        ]
    if "volume" in kinds:
        objects += [
            _object("volume", raw["Name"], raw["Name"], raw.get("Labels"))
            for raw in api.volumes()["Volumes"] or []
        ]
    return objects


def swarm_list(
    client: "DockerClient", what: str, filters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the services, tasks, secrets, configs or nodes of the Swarm; none without a Swarm."""
    try:
        listed: list[dict[str, Any]] = getattr(client.api, what)(filters=filters)
    except APIError as error:
        # "This node is not a swarm manager": cheaper than asking before each call.
        if error.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return []
        raise
    return listed


def anonymous_volumes(objects: list[DockerObject], scope: Scope) -> set[str]:
    """Return the anonymous volumes that the run's containers mount, and no other container."""
    own: set[str] = set()
    foreign: set[str] = set()
    for item in objects:
        (own if scope.owns(item) else foreign).update(filter(is_anonymous, item.volumes))
    return own - foreign


def _from_spec(kind: str, raw: Mapping[str, Any]) -> DockerObject:
    return _object(kind, raw["ID"], raw["Spec"]["Name"], raw["Spec"].get("Labels"))


def _container(raw: Mapping[str, Any]) -> DockerObject:
    labels = raw.get("Labels") or {}
    return DockerObject(
        "container",
        raw["Id"],
        (raw.get("Names") or [raw["Id"][:12]])[0].lstrip("/"),
        labels.get(STACK_LABEL, ""),
        labels.get(RUN_LABEL, ""),
        labels.get(SERVICE_LABEL, ""),
        raw.get("State") == "running",
        tuple(
            mount["Name"]
            for mount in raw.get("Mounts") or []
            if mount.get("Type") == "volume" and mount.get("Name")
        ),
    )


def _object(kind: str, id_: str, name: str, labels: Mapping[str, str] | None) -> DockerObject:
    labels = labels or {}
    return DockerObject(kind, id_, name, labels.get(STACK_LABEL, ""), labels.get(RUN_LABEL, ""))
