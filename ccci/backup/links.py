"""Links in an app's volumes by which a backup bot would leave them.

The bot has every volume of the server below one folder of its own container, and follows links
from there: one to an absolute path, or up beyond the root of its volume, leads it into another
app's volume or into its own files. In the app's own container the same link may be harmless.
Nothing of the app is executed to find them: the volumes are folders of this node.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ccci.backup.labels import Promise, Snapshot
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.view import NAMESPACE, SwarmView

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# An app decides how large its volumes are. Those of an app that was just made are far from these.
_MOST_ENTRIES = 500_000
_MOST_LINKS = 10_000
_DEEPEST = 128
_SECONDS = 60.0
# As the kernel: https://man7.org/linux/man-pages/man7/path_resolution.7.html
_MOST_FOLLOWED = 40


@dataclass(frozen=True)
class Link:
    """A link that leads out of its volume.

    Attributes:
        volume: the volume's full name.
        place: where the link stands, from the volume's root.
        target: where it leads.
    """

    volume: str
    place: str
    target: str

    @property
    def path(self) -> str:
        """The end of its path in a snapshot."""
        return f"/{self.volume}/_data/{self.place}"

    def __str__(self) -> str:
        return f"{self.place[:300]!r} in volume {self.volume}, which leads to {self.target[:300]!r}"


def folders_of(swarm: SwarmView, stack: str) -> dict[str, Path]:
    """Return the folder on this node of each volume that a stack has here.

    Raises:
        NodeFailure: one cannot be opened from here.
    """
    api: Any = swarm.client.api
    listed = api.volumes(filters={"label": f"{NAMESPACE}={stack}"})["Volumes"] or []
    folders = {str(one["Name"]): Path(one["Mountpoint"]) for one in listed}
    for volume, folder in folders.items():
        try:
            os.close(os.open(folder, _FOLDER))
        except OSError as error:
            raise NodeFailure(
                f"Volume {volume} cannot be looked into for links: {folder}: {error.strerror}. "
                "Start runs as root on the node that has the app's volumes."
            ) from None
    return folders


def check_ways(folders: Mapping[str, Path], promises: Iterable[Promise]) -> None:
    """Fail when a link on the way of a promised path leads out of its volume.

    Args:
        folders: of each volume, its folder on this node; others are passed over.
        promises: what the backup labels promise.

    Raises:
        RecipeFailure: one does; the sentence has the promise, the link and its target.
    """
    for promise in promises:
        if ".." in PurePosixPath(promise.path).parts:
            raise RecipeFailure(
                f"The backup label promises {promise}: a path with '..' may leave its volume."
            )
        folder = folders.get(promise.volume)
        out = link_out(folder, promise.path) if folder else None
        if out:
            link = Link(promise.volume, *out)
            raise RecipeFailure(
                f"The backup labels promise {promise}, and on its way is the link {link}: out of "
                "the volume, as the backup bot sees it. Promise the path that is meant, or make it "
                "a relative link inside the volume."
            )


def links_in_the_way(folders: Mapping[str, Path], snapshot: Snapshot) -> list[Link]:
    """Return the links out of their volumes that stand where a snapshot has something.

    Args:
        folders: of each volume of the app, its folder on this node.
        snapshot: what is to be restored.

    Returns:
        The links. A restore may write through one, unless the snapshot has a link there itself.

    Raises:
        RecipeFailure: a volume is too large or too deep to be looked through.
    """
    found = []
    until = time.monotonic() + _SECONDS
    for volume, folder in folders.items():
        root = f"/{volume}/_data/"
        held = {path.partition(root)[2] for path in snapshot.paths if root in path}
        for place in _links_in(folder, volume, until):
            # The list has one line for each name: what no line can have may be in the snapshot.
            odd = not place.isprintable() or place != place.strip()
            out = link_out(folder, place) if odd or place in held else None
            if out:
                found.append(Link(volume, place, out[1]))
            if len(found) > _MOST_LINKS:
                raise RecipeFailure(
                    f"More than {_MOST_LINKS} links lead out of volume {volume}, where the "
                    f"snapshot has files; the first is {found[0]}."
                )
    return found


def link_out(root: Path, path: str) -> tuple[str, str] | None:
    """Follow a path through a folder, and return the first link that leads out of it.

    Args:
        root: the folder.
        path: the path from there; its last part is followed too.

    Returns:
        Where the link stands and where it leads; None where nothing leads out, or nothing is there.

    Example:
        ``link_out(Path("/var/lib/docker/volumes/shop_data/_data"), "current/dump.sql")``
    """
    here: list[str] = []
    ahead = list(reversed(PurePosixPath(path).parts))
    link = (path, path)
    followed = 0
    while ahead:
        part = ahead.pop()
        if part == "..":
            if not here:
                return link
            here.pop()
            continue
        here.append(part)
        try:
            target = str(root.joinpath(*here).readlink())
        except OSError:
            continue  # No link, or not there.
        link = ("/".join(here), target)
        followed += 1
        if target.startswith("/"):
            return link
        if followed > _MOST_FOLLOWED:
            return None  # A circle leads nowhere.
        here.pop()
        ahead += reversed(PurePosixPath(target).parts)
    return None


def _links_in(root: Path, volume: str, until: float) -> Iterator[str]:
    """Give the place of each link below a folder, following none.

    Folders are opened by their names in the open folder above: an app that moves things meanwhile
    cannot lead this out of its volume.
    """
    names: list[str] = []
    opened = [os.open(root, _FOLDER)]
    scans = [os.scandir(opened[0])]
    seen = 0
    try:
        while scans:
            entry = next(scans[-1], None)
            if entry is None:
                scans.pop().close()
                os.close(opened.pop())
                names = names[:-1]
                continue
            seen += 1
            if seen > _MOST_ENTRIES or len(opened) > _DEEPEST or time.monotonic() > until:
                raise RecipeFailure(
                    f"Volume {volume} cannot be looked through for links within {_SECONDS:.0f} s: "
                    f"expected at most {_MOST_ENTRIES} files and {_DEEPEST} folders in one "
                    f"another; saw {seen} files, {len(opened)} folders deep."
                )
            if entry.is_symlink():
                yield "/".join([*names, entry.name])
            elif entry.is_dir(follow_symlinks=False):
                try:
                    opened.append(os.open(entry.name, _FOLDER, dir_fd=opened[-1]))
                except OSError:
                    continue  # The app has removed or replaced it meanwhile.
                scans.append(os.scandir(opened[-1]))
                names = [*names, entry.name]
    finally:
        for scan in scans:
            scan.close()
        for one in opened:
            os.close(one)
