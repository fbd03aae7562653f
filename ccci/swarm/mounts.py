"""Where a stack's volumes are mounted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ccci.swarm.view import SwarmView

_UNNAMED = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Mount:
    """A volume as one service sees it.

    Attributes:
        service: its short name.
        volume: the full name.
        folder: where it is in the service's container.
        writable: whether the service can write there.
    """

    service: str
    volume: str
    folder: str
    writable: bool = True


def mounts_of(swarm: SwarmView, stack: str) -> list[Mount]:
    """Return the named volumes of a stack's running services, once for each that mounts them."""
    return [mount for mount in _all_of(swarm, stack) if mount.volume.startswith(f"{stack}_")]


def unnamed_mounts_of(swarm: SwarmView, stack: str) -> list[Mount]:
    """Return the volumes of a stack's running services that Docker made, and nobody named.

    It makes one for each folder that the image declares as a volume and for which the recipe mounts
    none. The next container of the service gets another one. Source: Dockerfile reference, VOLUME.
    """
    return [mount for mount in _all_of(swarm, stack) if _UNNAMED.fullmatch(mount.volume)]


def _all_of(swarm: SwarmView, stack: str) -> Iterator[Mount]:
    for service in swarm.services(stack):
        # Nothing runs there on purpose: it ended well, or something else starts it.
        if not service.running and (service.ended or service.replicas == 0):
            continue
        for mount in swarm.container_of(service).attrs["Mounts"]:
            if mount["Type"] == "volume":
                name, writable = mount.get("Name") or "", bool(mount.get("RW", True))
                yield Mount(service.short_name, name, mount["Destination"], writable)
