"""What the lab made, written down before it is made, so that `down` undoes exactly that."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from lab.errors import LabError

LABEL = "ccci.lab"
Kind = Literal["app", "secret", "network", "bridge", "image", "swarm", "path", "daemon"]

# Apps hold secrets and networks, containers hold images, and all of it needs swarm and daemon.
ORDER_OF_REMOVAL: tuple[Kind, ...] = (
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
class Thing:
    """One thing that the lab made or was about to make.

    `detail` holds what tells it from a stranger's of the same name (an id, a start time).
    """

    kind: Kind
    name: str
    detail: dict[str, str] = field(default_factory=dict)


class Made:
    """The record in `made.json`. Every change is on disk before the method returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: dict[str, str] = {}
        self._things: list[Thing] = []
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            content = json.loads(self.path.read_text())
            self.settings = dict(content["settings"])
            self._things = [Thing(**thing) for thing in content["things"]]
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"{self.path} cannot be read ({error}): it says what the lab made; mend it, or "
                "remove by hand what the lab made and then this file"
            ) from error

    @property
    def things(self) -> tuple[Thing, ...]:
        return tuple(self._things)

    def find(self, kind: Kind, name: str) -> Thing | None:
        """The record of one thing, or None when the lab did not make it."""
        found = (thing for thing in self._things if (thing.kind, thing.name) == (kind, name))
        return next(found, None)

    def record(self, kind: Kind, name: str, **detail: str) -> None:
        """Write a thing down (again: its details are replaced). Call this before making it."""
        thing = Thing(kind, name, detail)
        rest = [one for one in self._things if (one.kind, one.name) != (kind, name)]
        self._things = [*rest, thing]
        self._write()

    def forget(self, kind: Kind, name: str) -> None:
        """Strike out a thing that is gone."""
        self._things = [one for one in self._things if (one.kind, one.name) != (kind, name)]
        self._write()

    def remember_settings(self, settings: dict[str, str]) -> None:
        if settings != self.settings:
            self.settings = settings
            self._write()

    def _write(self) -> None:
        content = {"settings": self.settings, "things": [asdict(one) for one in self._things]}
        fresh = self.path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def plan_of_removal(things: tuple[Thing, ...], *, keep_images: bool) -> list[Thing]:
    """What `down` removes, in order; newest first within a kind.

    Example:
        >>> plan_of_removal((Thing("swarm", "s"), Thing("app", "a")), keep_images=True)
        [Thing(kind='app', name='a', detail={}), Thing(kind='swarm', name='s', detail={})]
    """
    kinds = [kind for kind in ORDER_OF_REMOVAL if not (keep_images and kind == "image")]
    return [one for kind in kinds for one in reversed(things) if one.kind == kind]
