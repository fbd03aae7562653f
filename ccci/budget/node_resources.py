"""The memory and the cores that apps can use: this machine's, or those of a Swarm's nodes together.

Where apps may land on other nodes too, all nodes that take new tasks count: ready, and neither
paused nor drained. Only a manager knows them. Whoever cannot ask one counts this machine, and a
warning says so, since a budget that is smaller than it could be is seen by nobody.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import docker
import psutil
from docker.errors import DockerException

ASK_SECONDS = 15
_NANO = 10**9


@dataclass(frozen=True)
class Resources:
    """What there is for apps.

    Attributes:
        memory_bytes: the memory, in use or not.
        cores: the processor's cores.
    """

    memory_bytes: int
    cores: int


def available() -> Resources:
    """Return what the Swarm's nodes have together, or this machine where there are no others.

    Example: ``available().memory_bytes``
    """
    try:
        with closing(docker.from_env(timeout=ASK_SECONDS)) as client:
            swarm: dict[str, Any] = client.info()["Swarm"]
            if swarm["LocalNodeState"] == "inactive":
                return this_machine()
            nodes: list[dict[str, Any]] = client.api.nodes()
    except (DockerException, OSError) as error:
        logging.warning(
            "The budget counts this machine alone, since Docker does not tell the nodes of a "
            "Swarm: %s. Runs belong on a manager; MAX_TESTS sets another budget.",
            error,
        )
        return this_machine()
    return together(nodes, swarm["NodeID"]) or this_machine()


def this_machine() -> Resources:
    """Return what this machine has, whatever a Swarm says."""
    return Resources(psutil.virtual_memory().total, os.cpu_count() or 1)


def together(nodes: Iterable[Mapping[str, Any]], here: str) -> Resources | None:
    """Return what the nodes have on which a new app may land: ready, neither paused nor drained.

    None where this machine alone is such a node, or none is: it knows itself.

    Args:
        nodes: as `docker node inspect` tells them.
        here: the identity of this machine's node.

    Example: ``together(client.api.nodes(), client.info()["Swarm"]["NodeID"])``
    """
    usable = [
        node
        for node in nodes
        if node["Status"]["State"] == "ready" and node["Spec"]["Availability"] == "active"
    ]
    if all(node["ID"] == here for node in usable):
        return None
    each = [node["Description"]["Resources"] for node in usable]
    cores = sum(one["NanoCPUs"] for one in each) // _NANO
    return Resources(sum(one["MemoryBytes"] for one in each), cores)
