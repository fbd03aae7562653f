"""Content that tests publish or upload, and find again byte for byte."""

import hashlib
import secrets

from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import Misuse, RecipeFailure
from ccci.web.files import File

# By chance one random file in eighty begins like a program or an archive, and apps refuse these.
_BEGINNING = b"random bytes:"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Content:
    """Makes files with random or given content, remembers them by name, and compares bytes.

    A file has the fields ``name``, ``path``, ``content``, ``size`` and ``sha256``. It is kept with
    the run, so that a later test or stage can ask for the same file by its name. Other values are
    kept by `Remember`.
    """

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._remembered: dict[str, object] = {}

    @project_keyword()
    def random_file(self, name: str, size: int = 4096) -> File:
        """Makes a file of ``size`` random bytes, remembers it by its name and returns it.

        It begins with ``random bytes:``, so that no app takes it for a program or an archive.
        Never fails.

        Example:
        | ${picture}=    Random File    picture.png    size=20000
        """
        return self._keep(name, (_BEGINNING + secrets.token_bytes(size))[:size])

    @project_keyword()
    def text_file(self, name: str, text: str) -> File:
        """Makes a file with this text in UTF-8, remembers it by its name and returns it.

        Never fails.

        Example:
        | ${page}=    Text File    page.html    <h1>Hello</h1>
        """
        return self._keep(name, text.encode("utf-8"))

    @project_keyword()
    def file_with_bytes(self, name: str, content: bytes) -> File:
        """Makes a file with these bytes, such as those of a download, and remembers it by its name.

        Returns the file. Never fails.

        Example:
        | ${theme}=    Download File    /themes/plain/download    by=${owner}
        | ${copy}=    File With Bytes    copy.zip    ${theme.body}
        """
        return self._keep(name, content)

    @project_keyword()
    def file_made_before(self, name: str) -> File:
        """Returns the file that was made under this name. Fails when there is none.

        Example:
        | ${seed}=    File Made Before    seed.bin
        """
        if name not in self._files:
            raise Misuse(f"No file '{name}' was made in this run; there are: {list(self._files)}.")
        return self._files[name]

    @project_keyword()
    def remember(self, name: str, value: object) -> None:
        """Keeps a value under a name for later tests and stages of this run: text, bytes, a number.

        What was kept under that name is replaced. Never fails.

        Example:
        | Remember    commit of the seed    ${commit}
        """
        self._remembered[name] = value

    @project_keyword()
    def recall(self, name: str) -> object:
        """Returns what `Remember` kept under this name.

        Fails when there is nothing under this name, and lists the names that there are.

        Example:
        | ${commit}=    Recall    commit of the seed
        """
        if name not in self._remembered:
            there = ", ".join(self._remembered) or "nothing"
            raise Misuse(f"Nothing was remembered as {name!r} in this run, only: {there}.")
        return self._remembered[name]

    @project_keyword("assertion")
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

    @project_keyword()
    def part_of(self, content: bytes, first: int, last: int) -> bytes:
        """Returns the bytes from ``first`` to ``last``, including both. The first byte is 0.

        Never fails: bytes beyond the end are left out.

        Example:
        | ${start}=    Part Of    ${file.content}    0    1023
        """
        return content[first : last + 1]

    def _keep(self, name: str, content: bytes) -> File:
        folder = session.folder("files")
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        self._files[name] = File(name, path, content)
        return self._files[name]


def _known(content: bytes) -> str:
    return f"{len(content)} bytes (sha256 {hashlib.sha256(content).hexdigest()[:16]})"
