"""The memory and cores that apps can use: this machine's, or those of all nodes of a Swarm.

Where apps may be placed on other nodes too, all nodes that take new tasks count: ready, and neither
paused nor drained. Only a manager knows them. Without one, this machine alone counts, with a
warning, since nobody would notice a budget that is too small.
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
    """What apps can use.

    Attributes:
        memory_bytes: the memory, in use or free.
        cores: the processor cores.
    """

    memory_bytes: int
    cores: int


def available() -> Resources:
    """Return the sum over the Swarm's nodes, or this machine alone where there are no others.

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
            "The budget counts this machine alone, since Docker did not list the Swarm's nodes: "
            "%s. Run on a manager, or set the budget with MAX_TESTS.",
            error,
        )
        return this_machine()
    return together(nodes, swarm["NodeID"]) or this_machine()


def this_machine() -> Resources:
    """Return what this machine has."""
    return Resources(psutil.virtual_memory().total, os.cpu_count() or 1)


def together(nodes: Iterable[Mapping[str, Any]], here: str) -> Resources | None:
    """Return the sum over the nodes that take new tasks: ready, and neither paused nor drained.

    None where this machine is the only such node, or there is none.

    Args:
        nodes: as `docker node inspect` returns them.
        here: the id of this machine's node.

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
