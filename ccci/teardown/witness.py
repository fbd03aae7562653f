"""Proves that a run changed nothing that is not its own: compares the node before and after it.

What belongs to any run is left out, by the rule of ccci/swarm/holdings.py, and so is what somebody
else deployed meanwhile under the name of a stack of their own. Beside the lists, a
small sentinel app can be watched from the inside: its task must not be restarted, and its volumes
must keep the same bytes.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ccci.apps import stack_name
from ccci.errors import NodeFailure
from ccci.swarm import holdings
from ccci.swarm.holdings import DockerObject, Scope
from ccci.teardown import journal

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class NodeState:
    """The node at one moment.

    Args:
        objects: all objects; of containers only those that run and belong to no service or stack.
        facts: kind and id of an object to what must not change, as text.
        tasks: id of a service to its running tasks.
        ended: id of a task that is not running to its state.
        scope: what belonged to runs at that moment.
        sentinel: each container and volume of the sentinel to what must not change.
        theirs: volumes without a name that only containers of other stacks mount.
    """

    objects: tuple[DockerObject, ...]
    facts: dict[tuple[str, str], str]
    tasks: dict[str, frozenset[str]]
    ended: dict[str, str]
    scope: Scope
    sentinel: dict[str, str] = field(default_factory=dict)
    theirs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Witness:
    """The node as it was before a run.

    Example:
        ``witness = Witness.before(client, "sentinel.lab.test")``
        ``assert witness.differences() == []``
    """

    client: "DockerClient"
    seen: NodeState
    sentinel: str | None = None

    @classmethod
    def before(cls, docker_client: "DockerClient", sentinel: str | None = None) -> Self:
        """Record the state of the node.

        Args:
            docker_client: a client of a manager of the Swarm.
            sentinel: the domain of an app that must never be touched.

        Raises:
            NodeFailure: the sentinel is not running on this node.
        """
        seen = _look(docker_client, sentinel)
        if sentinel and not seen.sentinel:
            raise NodeFailure(
                f"The sentinel {sentinel} has no running container on this node: deploy it "
                "(`make lab-up` does), or take it out of server.toml."
            )
        return cls(docker_client, seen, sentinel)

    def differences(self) -> list[str]:
        """Compare the node with its state before; return each difference as a sentence."""
        return compare(self.seen, _look(self.client, self.sentinel))

    def strangers(self) -> list[str]:
        """Return what somebody else deployed since, under their own stack's name."""
        return [str(item) for item in _strangers(self.seen, _look(self.client, self.sentinel))]


def compare(before: NodeState, now: NodeState) -> list[str]:
    """Return how two states differ, as sentences.

    Left out is what belongs to a run, and what somebody else deployed meanwhile.
    """
    strangers = _strangers(before, now)
    scope = _both(before.scope, now.scope)
    old = {(one.kind, one.id): one for one in before.objects if not scope.owns(one)}
    new = {(one.kind, one.id): one for one in now.objects if not scope.owns(one)}
    # A container of nobody's stack may end by itself.
    found = [
        f"{item} is gone."
        for key, item in old.items()
        if key not in new and item.kind != "container"
    ]
    found += [
        f"{item} has appeared and belongs to no run."
        for key, item in new.items()
        if key not in old and item not in strangers
    ]
    for key in old.keys() & new.keys():
        item = new[key]
        if before.facts[key] != now.facts[key]:
            found.append(f"{item} was {before.facts[key]} and is now {now.facts[key]}.")
        lost = before.tasks.get(item.id, frozenset()) - now.tasks.get(item.id, frozenset())
        found += [
            f"{item} lost task {task}, which was running: {now.ended.get(task, 'removed')}."
            for task in sorted(lost)
        ]
    for name, fact in before.sentinel.items():
        if now.sentinel.get(name) != fact:
            found.append(
                f"Sentinel: {name} was {fact} and is now {now.sentinel.get(name, 'gone')}."
            )
    return sorted(found)


def _strangers(before: NodeState, now: NodeState) -> list[DockerObject]:
    """Return what is new, belongs to no run, and has a stack of its own.

    By its label, or by its name where that begins with the name of such a stack: abra's secrets
    have no label. A volume without a name, which many images declare, has its container's stack.
    """
    scope = _both(before.scope, now.scope)
    foreign = {one.stack for one in now.objects if one.stack and not scope.owns(one)}
    known = {(one.kind, one.id) for one in before.objects}
    return [
        one
        for one in now.objects
        if (one.kind, one.id) not in known
        and not scope.owns(one)
        and (
            one.stack
            or any(one.name.startswith(f"{stack}_") for stack in foreign)
            or (one.kind == "volume" and one.name in now.theirs)
        )
    ]


def _look(client: "DockerClient", sentinel: str | None) -> NodeState:
    containers = holdings.list_objects(client, {"container"})
    services = holdings.swarm_list(client, "services")
    tasks = holdings.swarm_list(client, "tasks")
    volumes = _volumes(client)
    objects = holdings.list_objects(client, {"service", "secret", "config", "network", "volume"})
    present = holdings.list_objects(client, {"container"})
    containers += present
    # Those of services come and go with them.
    objects += [one for one in present if one.running and not one.service and not one.stack]
    # The journals last: they then have all that runs had made when the lists were read.
    scope = scope_of_all_runs(containers)
    facts = {(item.kind, item.id): "there" for item in objects}
    for raw in services:
        image = raw["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Image", "no image")
        facts["service", raw["ID"]] = f"version {raw['Version']['Index']} of {image}"
    for raw in volumes:
        facts["volume", raw["Name"]] = _making_of(raw)
    running: dict[str, frozenset[str]] = {}
    ended: dict[str, str] = {}
    for task in tasks:
        status, service = task["Status"], task.get("ServiceID", "")
        if status["State"] == "running" and task["DesiredState"] == "running":
            running[service] = running.get(service, frozenset()) | {task["ID"]}
        else:
            ended[task["ID"]] = f"{status['State']} {status.get('Err', '')}".strip()
    watched = _look_into(client, stack_name(sentinel)) if sentinel else {}
    theirs = frozenset(holdings.anonymous_volumes(containers, Scope(scope.others)))
    return NodeState(tuple(objects), facts, running, ended, scope, watched, theirs)


def scope_of_all_runs(containers: list[DockerObject]) -> Scope:
    """Return what belongs to any run that is not clean or was closed within the last day."""
    runs = journal.all_runs()
    stacks = frozenset(journal.known_stacks())
    others = frozenset(item.stack for item in containers) - stacks - {""}
    noted = {name for run in runs for name in run.names("volume") if holdings.is_anonymous(name)}
    scope = Scope(stacks, others, frozenset(run.run_id for run in runs))
    mounted = holdings.anonymous_volumes(containers, scope)
    return Scope(stacks, others, scope.runs, frozenset(noted | mounted))


def _both(one: Scope, other: Scope) -> Scope:
    stacks = one.stacks | other.stacks
    return Scope(
        stacks,
        (one.others | other.others) - stacks,
        one.runs | other.runs,
        one.volumes | other.volumes,
    )


def _volumes(client: "DockerClient") -> list[dict[str, Any]]:
    api: Any = client.api
    return api.volumes()["Volumes"] or []


def _making_of(volume: dict[str, Any]) -> str:
    """Return when a volume was made, as text: a new volume of the same name differs.

    Docker's own CreatedAt is of no use: up to version 20 it is the time of the last change to the
    content. The folder around the content is made once, with the volume.
    """
    try:
        around = Path(volume["Mountpoint"]).parent.stat()
    except OSError:
        return "there"  # The daemon is on another machine, or the driver has no folder.
    return f"made at {datetime.fromtimestamp(around.st_ctime, UTC).isoformat()}"


def _look_into(client: "DockerClient", stack: str) -> dict[str, str]:
    """Return when each container of the sentinel started, and a digest of each volume's content."""
    api: Any = client.api
    found: dict[str, str] = {}
    labels: dict[str, str | list[str] | bool] = {"label": f"{holdings.STACK_LABEL}={stack}"}
    for container in client.containers.list(filters=labels, ignore_removed=True):
        found[f"container {container.name}"] = (
            f"running since {container.attrs['State']['StartedAt']}"
        )
        for mount in container.attrs["Mounts"]:
            if mount["Type"] == "volume":
                # Names, modes, times and bytes, in a fixed order; no access times.
                stream, _ = api.get_archive(container.id, mount["Destination"])
                digest = hashlib.sha256()
                for chunk in stream:
                    digest.update(chunk)
                found[f"volume {mount['Name']}"] = f"content {digest.hexdigest()[:16]}"
    return found
