"""A folder that answers as Docker does for the files of a container."""

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docker.errors import NotFound

_GO_KINDS = {
    stat.S_ISDIR: 1 << 31,
    stat.S_ISLNK: 1 << 27,
    stat.S_ISFIFO: 1 << 25,
    stat.S_ISSOCK: 1 << 24,
    stat.S_ISBLK: 1 << 26,
    stat.S_ISCHR: 1 << 26 | 1 << 21,
}


class ContainerOfFolder:
    """Gives what is in a real folder as Docker's client gives what is in a container.

    Args:
        root: the folder.

    Attributes:
        given_bytes: how much of the archives was taken so far.
        attrs: what Docker tells about the container.
        switch: called after the look and before the copy, as an app that changes the file then.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.given_bytes = 0
        self.switch: Callable[[], object] = lambda: None
        self.attrs: dict[str, Any] = {}

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        """Return a tar stream of what is there, and its mode and size; follow no link."""
        place = self.root / path.strip("/")
        about = self._require(place, path)
        mode = next((bit for is_kind, bit in _GO_KINDS.items() if is_kind(about.st_mode)), 0)
        seen = {"name": place.name, "size": about.st_size, "mode": mode | about.st_mode & 0o777}
        self.switch()
        return self._chunks(place), seen

    def put_archive(self, folder: str, data: bytes) -> bool:
        """Unpack a tar archive; what is in the way is replaced."""
        self._require(self.root / folder.strip("/"), folder)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                place = self.root / folder.strip("/") / entry.name
                if place.is_symlink() or place.exists():
                    place.unlink()
                # Debian 12's Python, 3.11.2, does not know the argument `filter` yet.
                tar.extract(entry, place.parent)
        return True

    def _require(self, place: Path, path: str) -> os.stat_result:
        try:
            return place.lstat()
        except FileNotFoundError:
            error: Any = NotFound
            raise error(f"Could not find the file {path} in container") from None

    def _chunks(self, place: Path) -> Iterator[bytes]:
        command = ["tar", "-C", str(place.parent), "--format=pax", "-cf", "-", place.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tar:
            assert tar.stdout is not None
            while chunk := tar.stdout.read(1 << 16):
                self.given_bytes += len(chunk)
                yield chunk
