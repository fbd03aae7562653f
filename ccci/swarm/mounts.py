"""Where a stack's volumes are mounted."""

from dataclasses import dataclass

from ccci.swarm.view import SwarmView


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
    found = []
    for service in swarm.services(stack):
        # Nothing runs there on purpose: it ended well, or something else starts it.
        if not service.running and (service.ended or service.replicas == 0):
            continue
        for mount in swarm.container_of(service).attrs["Mounts"]:
            name = mount.get("Name") or ""
            if mount["Type"] == "volume" and name.startswith(f"{stack}_"):
                writable = bool(mount.get("RW", True))
                found.append(Mount(service.short_name, name, mount["Destination"], writable))
    return found
