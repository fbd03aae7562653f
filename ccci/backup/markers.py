"""The generic seed: one file with random content in each volume, for every recipe.

It proves that volumes are kept and removed when they should be. It proves nothing about the app:
the recipe's own seed, planted through the app, does that.
"""

import io
import secrets
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from docker.errors import NotFound

from ccci.errors import RecipeFailure
from ccci.swarm.copying import read_file
from ccci.swarm.mounts import Mount, mounts_of
from ccci.swarm.view import SwarmView

MARKER_NAME = "ccci-marker"
_LARGEST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Marker:
    """A file with random content in the root of one volume."""

    mount: Mount
    content: bytes


def plant_markers(swarm: SwarmView, stack: str) -> tuple[Marker, ...]:
    """Put a marker into each volume of a running stack and return them.

    Raises:
        RecipeFailure: no service can write to a volume, or its folder is gone.
    """
    planted = []
    # Of several services that mount a volume, one that can write to it.
    last_is_writable = sorted(mounts_of(swarm, stack), key=lambda mount: mount.writable)
    for mount in {mount.volume: mount for mount in last_is_writable}.values():
        if not mount.writable:
            raise RecipeFailure(
                f"Every service that has volume {mount.volume} mounts it read-only, as "
                f"{mount.service} does at {mount.folder}: nothing can ever be kept there. Take "
                "'ro' from the mount of the service that writes, or remove the volume."
            )
        marker = Marker(mount, secrets.token_hex(512).encode("ascii"))
        _put(swarm, stack, mount, marker.content)
        planted.append(marker)
    return tuple(planted)


def check_markers(
    swarm: SwarmView, stack: str, markers: tuple[Marker, ...], let_go: Collection[str] = ()
) -> None:
    """Fail unless each marker is in its volume, byte for byte.

    Args:
        swarm: where the stack is.
        stack: its name.
        markers: what was planted.
        let_go: the keys of `[let_go]` in recipe.toml. A volume that it names, as `volume data`, may
            be mounted anywhere, or nowhere. One whose service is gone is looked for in others.

    Raises:
        RecipeFailure: one is missing, changed, or no plain file of its size; the sentence names
            the volume.
    """
    mounts = mounts_of(swarm, stack)
    for marker in markers:
        place = _place_of(marker.mount, mounts, f"volume {_short(marker.mount, stack)}" in let_go)
        if place is None:
            continue
        seen = _read(swarm, stack, place)
        if seen != marker.content:
            how = "is gone" if seen is None else f"has changed ({len(seen)} bytes)"
            raise RecipeFailure(
                f"The file planted in volume {marker.mount.volume} ({marker.mount.folder} of "
                f"service {marker.mount.service}) {how}. Check that the volume is still mounted "
                "there, and that the backup holds it. If the head moved or dropped it on purpose, "
                f"name 'volume {_short(marker.mount, stack)}' in [let_go] of recipe.toml."
            )


def check_markers_gone(swarm: SwarmView, stack: str, markers: tuple[Marker, ...]) -> None:
    """Fail when a marker is still there although its volume was removed.

    Raises:
        RecipeFailure: one is; the sentence names the volume.
    """
    for marker in markers:
        if _read(swarm, stack, marker.mount) is not None:
            raise RecipeFailure(
                f"The file planted in volume {marker.mount.volume} is still there although the "
                "volume was removed: another volume or folder is mounted there."
            )


def spoil_markers(swarm: SwarmView, stack: str, markers: tuple[Marker, ...]) -> None:
    """Overwrite the markers: from now on only a backup has what was planted.

    They are not removed, so that one that is there after the wipe shows that its volume is.
    Docker's daemon writes them: no program of the app has a part in this.
    """
    for marker in markers:
        _put(swarm, stack, marker.mount, b"spoilt on purpose")


def _short(mount: Mount, stack: str) -> str:
    return mount.volume.removeprefix(f"{stack}_")


def _place_of(was: Mount, mounts: list[Mount], may_move: bool) -> Mount | None:
    """Return where a volume is to be looked for; None where that is nowhere."""
    others = [mount for mount in mounts if mount.volume == was.volume]
    if may_move:
        return next(iter(others), None)
    is_gone = was.service not in {mount.service for mount in mounts}
    return others[0] if is_gone and others else was


def _put(swarm: SwarmView, stack: str, mount: Mount, content: bytes) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(MARKER_NAME)
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
    container = _container(swarm, stack, mount)
    try:
        # Docker replaces what is in the way, and follows no link that stands there.
        container.put_archive(mount.folder, archive.getvalue())
    except NotFound:
        raise RecipeFailure(
            f"Volume {mount.volume} is mounted at {mount.folder} of service {mount.service}, and "
            "in its container there is no such folder any more."
        ) from None


def _container(swarm: SwarmView, stack: str, mount: Mount) -> Any:
    service = next((s for s in swarm.services(stack) if s.short_name == mount.service), None)
    if service is None:
        raise RecipeFailure(
            f"Service {mount.service}, which mounted volume {mount.volume}, is gone."
        )
    return swarm.container_of(service)


def _read(swarm: SwarmView, stack: str, mount: Mount) -> bytes | None:
    container = _container(swarm, stack, mount)
    try:
        return read_file(container, f"{mount.folder.rstrip('/')}/{MARKER_NAME}", _LARGEST_BYTES)
    except RecipeFailure as failure:
        raise RecipeFailure(
            f"The file planted in volume {mount.volume} (of service {mount.service}) was replaced. "
            f"{failure} Check what the app or its restore writes there."
        ) from None
