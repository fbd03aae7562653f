"""Proves that a run touched nothing that is not its own: a look before it, and one after.

What belongs to a run, this one or any other that comes or goes meanwhile, is left out by the rule
of holdings.py. Beside the lists, a small sentinel app can be watched from the inside: its task must
run on, and its volumes must hold the same bytes.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ccci.apps import stack_name
from ccci.errors import NodeFailure
from ccci.swarm import holdings
from ccci.swarm.holdings import Scope, Thing
from ccci.teardown import journal

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Sight:
    """The node at one moment.

    Args:
        things: everything but containers.
        facts: of a thing's kind and id, what must stay as it is, in words.
        tasks: of a service's id, its running tasks.
        ended: of a task's id, how it stands when it does not run.
        scope: what belonged to runs at that moment.
        sentinel: of each of the sentinel's containers and volumes, what must stay.
    """

    things: tuple[Thing, ...]
    facts: dict[tuple[str, str], str]
    tasks: dict[str, frozenset[str]]
    ended: dict[str, str]
    scope: Scope
    sentinel: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Witness:
    """What stood on the node before a run.

    Example:
        ``witness = Witness.before(client, "sentinel.lab.test")``
        ``assert witness.differences() == []``
    """

    client: "DockerClient"
    seen: Sight
    sentinel: str | None = None

    @classmethod
    def before(cls, docker_client: "DockerClient", sentinel: str | None = None) -> Self:
        """Look at the node.

        Args:
            docker_client: a client of a manager of the Swarm.
            sentinel: the domain of an app that must never be touched.

        Raises:
            NodeFailure: the sentinel does not run on this node.
        """
        seen = _look(docker_client, sentinel)
        if sentinel and not seen.sentinel:
            raise NodeFailure(
                f"The sentinel {sentinel} has no running container on this node: deploy it "
                "(`make lab-up` does), or take it out of server.toml."
            )
        return cls(docker_client, seen, sentinel)

    def differences(self) -> list[str]:
        """Look again; return in sentences what is not as it was, empty when all is."""
        now = _look(self.client, self.sentinel)
        return compare(self.seen, now)


def compare(before: Sight, now: Sight) -> list[str]:
    """Return in sentences how two sights of things that belong to no run differ."""
    scope = _both(before.scope, now.scope)
    old = {(one.kind, one.id): one for one in before.things if not scope.owns(one)}
    new = {(one.kind, one.id): one for one in now.things if not scope.owns(one)}
    found = [f"{thing} is gone." for key, thing in old.items() if key not in new]
    found += [
        f"{thing} has appeared and belongs to no run."
        for key, thing in new.items()
        if key not in old
    ]
    for key in old.keys() & new.keys():
        thing = new[key]
        if before.facts[key] != now.facts[key]:
            found.append(f"{thing} was {before.facts[key]} and is {now.facts[key]}.")
        lost = before.tasks.get(thing.id, frozenset()) - now.tasks.get(thing.id, frozenset())
        found += [
            f"{thing} lost task {task}, which ran before: {now.ended.get(task, 'removed')}."
            for task in sorted(lost)
        ]
    for name, fact in before.sentinel.items():
        if now.sentinel.get(name) != fact:
            found.append(f"Sentinel: {name} was {fact} and is {now.sentinel.get(name, 'gone')}.")
    return sorted(found)


def _look(client: "DockerClient", sentinel: str | None) -> Sight:
    containers = holdings.list_things(client, {"container"})
    services = holdings.swarm_list(client, "services")
    tasks = holdings.swarm_list(client, "tasks")
    volumes = _volumes(client)
    things = holdings.list_things(client, {"service", "secret", "config", "network", "volume"})
    containers += holdings.list_things(client, {"container"})
    # The journals last: what a run made before the look stands in them by now.
    scope = scope_of_all_runs(containers)
    facts = {(thing.kind, thing.id): "there" for thing in things}
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
    return Sight(tuple(things), facts, running, ended, scope, watched)


def scope_of_all_runs(containers: list[Thing]) -> Scope:
    """Return what belongs to any run that is not clean or was closed within the day."""
    runs = journal.all_runs()
    stacks = frozenset(journal.known_stacks())
    others = frozenset(thing.stack for thing in containers) - stacks - {""}
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
    """Which of all volumes that ever had this name it is, in words.

    Docker's own word for it, CreatedAt, is of no use: up to version 20 it tells when something was
    last put into the volume. The folder around the content is made once, with the volume.
    """
    try:
        around = Path(volume["Mountpoint"]).parent.stat()
    except OSError:
        return "there"  # On a daemon elsewhere, or a driver's without a folder.
    return f"made at {datetime.fromtimestamp(around.st_ctime, UTC).isoformat()}"


def _look_into(client: "DockerClient", stack: str) -> dict[str, str]:
    """Return since when the sentinel's containers run and a digest of each volume's content."""
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
