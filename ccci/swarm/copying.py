"""Files of an app's container, copied out with bounds: the app decides what lies there, not we.

Docker's daemon makes the copy (``GET /containers/<id>/archive``: a tar stream, and a header with
the kind and size of what is there). Nothing of the app is executed, and a link that stands at the
end of a path is told as a link, not followed. Source:
https://docs.docker.com/reference/api/engine/version/v1.40/#tag/Container/operation/ContainerArchive
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from docker.errors import APIError, NotFound
from requests.exceptions import RequestException

from ccci.errors import NodeFailure, RecipeFailure

MIB = 1024 * 1024
# The bits of a mode as Go has them, in the order in which they are looked for.
_KINDS = {
    1 << 31: "a folder",
    1 << 27: "a link",
    1 << 26: "a device",
    1 << 25: "a named pipe",
    1 << 24: "a socket",
    1 << 19: "something else",
}


def read_file(container: Any, path: str, at_most_bytes: int) -> bytes | None:
    """Return the content of a file in a container; None where there is nothing.

    Args:
        container: the container, as Docker's client has it.
        path: the file's absolute path in the container.
        at_most_bytes: how large it may be. No more than this is read.

    Raises:
        RecipeFailure: it is larger, or no plain file; the sentence has the path and what it is.
        NodeFailure: Docker does not copy it.

    Example:
        ``read_file(container, "/data/ccci-marker", at_most_bytes=4096)``
    """
    try:
        chunks, about = container.get_archive(path)
    except NotFound:
        return None
    except (APIError, RequestException) as error:
        raise NodeFailure(f"Docker does not copy {path} out of its container: {error}") from None
    _require_plain(path, about["mode"])
    _require_small(path, about["size"], at_most_bytes)
    # What is read may be another file than the one that was looked at: the app goes on.
    with _opened(path, _Stream(chunks, path, at_most_bytes + MIB)) as tar:
        entry = tar.next()
        if entry is None:
            # The app has removed it since it was looked at, as SQLite does with its journal.
            return None
        file = tar.extractfile(entry) if entry.isreg() else None
        if file is None:
            raise RecipeFailure(_not_plain(path, "something else"))
        content = _read(path, file, at_most_bytes + 1)
    _require_small(path, len(content), at_most_bytes)
    return content


def first_bytes(
    container: Any, folder: str, count: int, at_most_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Give the path of each plain file below a folder of a container, and how it begins.

    Args:
        container: the container, as Docker's client has it.
        folder: its absolute path in the container.
        count: how many bytes to give of each file.
        at_most_bytes: how large the folder may be. No more than this is read.

    Raises:
        RecipeFailure: it is larger; the files that come first were given.
        NodeFailure: Docker does not copy it.
    """
    try:
        chunks, _ = container.get_archive(folder)
    except (APIError, RequestException) as error:
        raise NodeFailure(f"Docker does not copy {folder} out of its container: {error}") from None
    above = PurePosixPath(folder).parent
    with _opened(folder, _Stream(chunks, folder, at_most_bytes)) as tar:
        while (entry := _next(folder, tar)) is not None:
            file = tar.extractfile(entry) if entry.isreg() else None
            if file:
                yield str(above / entry.name), _read(folder, file, count)


def _require_plain(path: str, mode: int) -> None:
    for bit, kind in _KINDS.items():
        if mode & bit:
            raise RecipeFailure(_not_plain(path, kind))


def _not_plain(path: str, kind: str) -> str:
    return f"Expected a plain file at {path}; it is {kind}."


def _require_small(path: str, size: int, at_most_bytes: int) -> None:
    if size > at_most_bytes:
        raise RecipeFailure(
            f"Expected at most {at_most_bytes} bytes at {path}; it has {_told(size)}."
        )


def _told(size: int) -> str:
    return f"{size} bytes" if size < MIB else f"{size / MIB:.0f} MiB"


def _opened(path: str, stream: "_Stream") -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r|")
    except tarfile.TarError as error:
        raise _broken(path, error) from None


def _next(path: str, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except tarfile.TarError as error:
        raise _broken(path, error) from None


def _read(path: str, file: Any, count: int) -> bytes:
    try:
        content: bytes = file.read(count)
    except (tarfile.TarError, RequestException) as error:
        raise _broken(path, error) from None
    return content


def _broken(path: str, error: Exception) -> NodeFailure:
    return NodeFailure(f"Docker's copy of {path} broke off: {error}.")


class _Stream(io.RawIOBase):
    """Chunks as a file to be read once, from front to back, and not for ever."""

    def __init__(self, chunks: Iterator[bytes], path: str, at_most_bytes: int) -> None:
        self._chunks, self._rest = iter(chunks), b""
        self._path, self._at_most, self._seen = path, at_most_bytes, 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, `size` of them but for the last."""
        parts, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
            self._seen += len(chunk)
            if self._seen > self._at_most:
                raise RecipeFailure(
                    f"Expected at most {_told(self._at_most)} at {self._path}; there is more."
                )
        joined = b"".join(parts)
        end = len(joined) if size < 0 else size
        taken, self._rest = joined[:end], joined[end:]
        return taken
