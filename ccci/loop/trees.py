"""A commit's tree, judged by git's listing of it before any file of it is written."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ccci.errors import RecipeFailure

_LONGEST_PATH = 1000
_LONGEST_NAME = 200
_FILES = {"100644", "100755", "100664"}
# Control and format characters, separators of lines and paragraphs: they hide what a name is.
_HIDDEN = {"Cc", "Cf", "Zl", "Zp"}


class Refused(RecipeFailure):
    """A pull request holds what this node does not take; the sentence names the file."""


@dataclass(frozen=True)
class Limits:
    """How much of everything is taken.

    Attributes:
        seconds: for the whole of a fetch.
        transfer_bytes: of what is downloaded.
        tags: in the repository.
        files: in one tree, folders counted.
        file_bytes: of one file.
        tree_bytes: of all files of one tree.
    """

    seconds: float = 300
    transfer_bytes: int = 256 << 20
    tags: int = 5000
    files: int = 5000
    file_bytes: int = 16 << 20
    tree_bytes: int = 64 << 20


def require_harmless(entries: Iterable[bytes], limits: Limits, where: str) -> None:
    """Refuse a tree with anything but plain files under plain names, or with too much of them.

    Args:
        entries: the records of `git ls-tree -r -t -l -z`; reading stops at the first fault.
        limits: how much is taken.
        where: the commit or release, for the sentence.

    Raises:
        Refused: the sentence names the file.

    Example:
        >>> link = b"120000 blob 1234 9\\tsecrets"
        >>> require_harmless([link], Limits(), "commit 1234567")
        Traceback (most recent call last):
        loop.trees.Refused: 'secrets' in commit 1234567 is a symbolic link: put a file in its place.
    """
    total_bytes = 0
    seen: set[bytes] = set()
    for count, entry in enumerate(entries, 1):
        facts, _, name = entry.partition(b"\t")
        mode, kind, _, size = facts.decode("ascii").split()
        shown = shown_name(name)
        fault = fault_of(name) or _fault_of_kind(mode, kind)
        if name in seen:
            fault = "stands there twice: make the tree anew"
        seen.add(name)
        if fault:
            raise Refused(f"{shown} in {where} {fault}.")
        if count > limits.files:
            raise Refused(
                f"There are more than {limits.files} files and folders in {where}, of which "
                f"{shown} is one too many."
            )
        size_bytes = 0 if size == "-" else int(size)
        total_bytes += size_bytes
        if size_bytes > limits.file_bytes:
            raise Refused(
                f"{shown} in {where} has {size_bytes} bytes: at most {limits.file_bytes} are taken."
            )
        if total_bytes > limits.tree_bytes:
            raise Refused(
                f"The files in {where} have more than {limits.tree_bytes} bytes together; {shown} "
                "is one too many."
            )


def fault_of(name: bytes) -> str:
    """Say what is wrong with the path of a file in a tree; "" when it is plain.

    Example:
        >>> fault_of(b"a/.GIT/hooks/post-checkout")
        'lies in a folder of git itself: rename it'
        >>> fault_of(b"compose.yml")
        ''
    """
    try:
        path = name.decode("utf-8")
    except UnicodeDecodeError:
        return "has a name that is not UTF-8: rename it"
    parts = path.split("/")
    if len(name) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return f"has a name that is too long ({len(name)} bytes): shorten it"
    if any(part in ("", ".", "..") for part in parts):
        return "has a path that leaves its folder: rename it"
    if any(_means_git(part) for part in parts):
        return "lies in a folder of git itself: rename it"
    if any(unicodedata.category(character) in _HIDDEN for character in path):
        return "has a control character in its name: rename it"
    if "\\" in path:
        return "has a backslash in its name: rename it"
    return ""


def shown_name(name: bytes) -> str:
    """Return a file's name in quotes, with nothing in it that a terminal or a page would obey.

    Example:
        >>> shown_name(b"a\\nb")
        "'a\\\\nb'"
    """
    text = name[:200].decode("utf-8", "backslashreplace")
    return ascii(text) + ("..." if len(name) > 200 else "")


def _fault_of_kind(mode: str, kind: str) -> str:
    if mode == "120000":
        return "is a symbolic link: put a file in its place"
    if mode == "160000" or kind == "commit":
        return "is a submodule: put its files in its place"
    if kind == "tree" or (kind == "blob" and mode in _FILES):
        return ""
    return f"has the unknown mode {mode}: add it anew"


def _means_git(part: str) -> bool:
    """Tell whether some file system takes a name for .git: cases, HFS+ and NTFS."""
    # HFS+ passes over invisible characters; NTFS over dots and blanks at the end and a stream.
    visible = "".join(c for c in part if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", visible).casefold().partition(":")[0].rstrip(". ")
    return plain == ".git" or re.fullmatch(r"git~\d+", plain) is not None
