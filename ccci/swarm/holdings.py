"""Which things on a node belong to which run: one rule for teardown, witness and sweep.

A thing belongs to a run by the label ``ccci.run=<run id>``, by the exact label of one of its
stacks, or, without a stack label (abra's secrets have none), by a name that begins with the stack
and an underscore. Where stacks share a beginning, the longest one that is known counts.
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
# In the order in which they can be removed.
KINDS = ("service", "container", "secret", "config", "network", "volume")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Thing:
    """One thing in Docker.

    Args:
        kind: one of `KINDS`.
        id: what Docker knows it by.
        name: its name.
        stack: the stack its label names; empty without one.
        run: the run its label names; empty without one.
        service: of a task's container, the name of its service.
        running: of a container, whether it runs.
        volumes: of a container, the volumes it mounts.
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
    """What belongs to a run, or to several.

    Args:
        stacks: their stacks.
        others: every other stack that is known on the node.
        runs: their ids.
        volumes: anonymous volumes noted as theirs.
    """

    stacks: frozenset[str]
    others: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()

    def owns(self, thing: Thing) -> bool:
        """Tell whether a thing belongs to the run."""
        if thing.run:
            return thing.run in self.runs
        if thing.stack:
            return thing.stack in self.stacks
        if thing.kind == "volume" and thing.name in self.volumes:
            return True
        # A container's own name proves nothing: anybody may give one any name.
        name = thing.service if thing.kind == "container" else thing.name
        return self._stack_of(name) in self.stacks

    def _stack_of(self, name: str) -> str:
        known = [one for one in self.stacks | self.others if name.startswith(f"{one}_")]
        return max(known, key=len, default="")


def is_anonymous(volume: str) -> bool:
    """Tell whether Docker made the name of a volume up."""
    return _ANONYMOUS.fullmatch(volume) is not None


def list_things(client: "DockerClient", kinds: Collection[str] = KINDS) -> list[Thing]:
    """Return the node's things of some kinds, in the order of `KINDS`.

    Services, secrets, configs and overlay networks are those of the whole Swarm; containers and
    volumes those of this node. A daemon without a Swarm has none of the former.

    Raises:
        docker.errors.DockerException: the daemon does not answer.
    """
    api: Any = client.api
    things: list[Thing] = []
    if "service" in kinds:
        things += [_from_spec("service", raw) for raw in swarm_list(client, "services")]
    if "container" in kinds:
        things += [_container(raw) for raw in api.containers(all=True)]
    if "secret" in kinds:
        things += [_from_spec("secret", raw) for raw in swarm_list(client, "secrets")]
    if "config" in kinds:
        things += [_from_spec("config", raw) for raw in swarm_list(client, "configs")]
    if "network" in kinds:
        things += [
            _thing("network", raw["Id"], raw["Name"], raw.get("Labels")) for raw in api.networks()
        ]
    if "volume" in kinds:
        things += [
            _thing("volume", raw["Name"], raw["Name"], raw.get("Labels"))
            for raw in api.volumes()["Volumes"] or []
        ]
    return things


def swarm_list(
    client: "DockerClient", what: str, filters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the services, tasks, secrets, configs or nodes of the Swarm; none without a Swarm."""
    try:
        listed: list[dict[str, Any]] = getattr(client.api, what)(filters=filters)
    except APIError as error:
        # "This node is not a swarm manager": cheaper to be told than to ask before each look.
        if error.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return []
        raise
    return listed


def anonymous_volumes(things: list[Thing], scope: Scope) -> set[str]:
    """Return the anonymous volumes that the run's containers mount, and no other container."""
    own: set[str] = set()
    foreign: set[str] = set()
    for thing in things:
        (own if scope.owns(thing) else foreign).update(filter(is_anonymous, thing.volumes))
    return own - foreign


def _from_spec(kind: str, raw: Mapping[str, Any]) -> Thing:
    return _thing(kind, raw["ID"], raw["Spec"]["Name"], raw["Spec"].get("Labels"))


def _container(raw: Mapping[str, Any]) -> Thing:
    labels = raw.get("Labels") or {}
    return Thing(
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


def _thing(kind: str, id_: str, name: str, labels: Mapping[str, str] | None) -> Thing:
    labels = labels or {}
    return Thing(kind, id_, name, labels.get(STACK_LABEL, ""), labels.get(RUN_LABEL, ""))
