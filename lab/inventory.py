"""The inventory of what the lab created. `down` removes what is in it, and nothing else."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from lab.errors import LabError

LABEL = "ccci.lab"
Kind = Literal["app", "secret", "network", "bridge", "image", "swarm", "path", "daemon"]

# Apps use secrets and networks, containers use images, and all of them need swarm and daemon.
REMOVAL_ORDER: tuple[Kind, ...] = (
    "app",
    "secret",
    "network",
    "swarm",
    "bridge",
    "image",
    "path",
    "daemon",
)


@dataclass(frozen=True)
class Resource:
    """Something that the lab created, or was about to create.

    `detail` identifies it if something else may have the same name: an id, or a start time.
    """

    kind: Kind
    name: str
    detail: dict[str, str] = field(default_factory=dict)


class Inventory:
    """The inventory in `made.json`. Every change is on disk before the method returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: dict[str, str] = {}
        self._resources: list[Resource] = []
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            content = json.loads(self.path.read_text())
            self.settings = dict(content["settings"])
            self._resources = [Resource(**resource) for resource in content["things"]]
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"{self.path} cannot be read ({error}). It lists what the lab created: repair it, "
                "or remove by hand what the lab created, and then this file"
            ) from error

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(self._resources)

    def find(self, kind: Kind, name: str) -> Resource | None:
        """Return a resource, or None if the lab did not create it."""
        found = (
            resource
            for resource in self._resources
            if (resource.kind, resource.name) == (kind, name)
        )
        return next(found, None)

    def record(self, kind: Kind, name: str, **detail: str) -> None:
        """Add a resource, or replace its details. Call this before creating it."""
        resource = Resource(kind, name, detail)
        rest = [one for one in self._resources if (one.kind, one.name) != (kind, name)]
        self._resources = [*rest, resource]
        self._write()

    def forget(self, kind: Kind, name: str) -> None:
        """Delete a resource from the inventory, after it was removed."""
        self._resources = [one for one in self._resources if (one.kind, one.name) != (kind, name)]
        self._write()

    def remember_settings(self, settings: dict[str, str]) -> None:
        if settings != self.settings:
            self.settings = settings
            self._write()

    def _write(self) -> None:
        content = {"settings": self.settings, "things": [asdict(one) for one in self._resources]}
        draft = self.path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def removal_plan(resources: tuple[Resource, ...], *, keep_images: bool) -> list[Resource]:
    """Return what `down` removes, in the order of removal; within a kind, the newest is first.

    Example:
        >>> removal_plan((Resource("swarm", "s"), Resource("app", "a")), keep_images=True)
        [Resource(kind='app', name='a', detail={}), Resource(kind='swarm', name='s', detail={})]
    """
    kinds = [kind for kind in REMOVAL_ORDER if not (keep_images and kind == "image")]
    return [one for kind in kinds for one in reversed(resources) if one.kind == kind]
