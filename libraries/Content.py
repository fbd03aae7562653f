"""Content that tests publish or upload, and find again byte for byte."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from robot.api.deco import library

from ccci.bridge.failures import word
from ccci.bridge.session import session
from ccci.errors import Misuse, RecipeFailure


@dataclass(frozen=True)
class File:
    """A file with known content: its name, its path on this machine, its bytes and their size."""

    name: str
    path: Path
    content: bytes

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Content:
    """Makes files with random or given content, remembers them by name, and compares bytes.

    A file has the fields ``name``, ``path``, ``content`` and ``size``. Its content is kept with
    the run, so that a later test can ask for the same file by its name.
    """

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    @word()
    def random_file(self, name: str, size: int = 4096) -> File:
        """Makes a file of ``size`` random bytes, remembers it by its name and returns it.

        Never fails.

        Example:
        | ${picture}=    Random File    picture.png    size=20000
        """
        return self._keep(name, secrets.token_bytes(size))

    @word()
    def text_file(self, name: str, text: str) -> File:
        """Makes a file with this text in UTF-8, remembers it by its name and returns it.

        Never fails.

        Example:
        | ${page}=    Text File    page.html    <h1>Hello</h1>
        """
        return self._keep(name, text.encode("utf-8"))

    @word()
    def file_made_before(self, name: str) -> File:
        """Returns the file that was made under this name. Fails when there is none.

        Example:
        | ${seed}=    File Made Before    seed.bin
        """
        if name not in self._files:
            raise Misuse(f"No file '{name}' was made in this run; there are: {list(self._files)}.")
        return self._files[name]

    @word("assertion")
    def bytes_should_be(self, seen: bytes, expected: bytes) -> None:
        """Fails unless two byte strings are the same; says where they differ first.

        Example:
        | Bytes Should Be    ${answer.body}    ${file.content}
        """
        if seen == expected:
            return
        place = next(
            (i for i, (a, b) in enumerate(zip(seen, expected, strict=False)) if a != b),
            min(len(seen), len(expected)),
        )
        raise RecipeFailure(
            f"Expected {_known(expected)}; got {_known(seen)}. They differ first at byte {place}: "
            f"expected {expected[place : place + 40]!r}, got {seen[place : place + 40]!r}."
        )

    @word()
    def part_of(self, content: bytes, first: int, last: int) -> bytes:
        """Returns the bytes from ``first`` to ``last``, both counted in, from 0.

        Never fails: what lies beyond the end is left out.

        Example:
        | ${start}=    Part Of    ${file.content}    0    1023
        """
        return content[first : last + 1]

    def _keep(self, name: str, content: bytes) -> File:
        folder = session.run.folder / "files"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        self._files[name] = File(name, path, content)
        return self._files[name]


def _known(content: bytes) -> str:
    return f"{len(content)} bytes (sha256 {hashlib.sha256(content).hexdigest()[:16]})"
