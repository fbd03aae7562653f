"""Checks the tree of a commit by git's listing, before any of its files is written."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ccci.errors import RecipeFailure

_LONGEST_PATH = 1000
_LONGEST_NAME = 200
_FILES = {"100644", "100755", "100664"}
# Control and format characters, line and paragraph separators: a name with them misleads a reader.
_HIDDEN = {"Cc", "Cf", "Zl", "Zp"}


class Refused(RecipeFailure):
    """A pull request has something that this node does not allow; the message names the file."""


@dataclass(frozen=True)
class Limits:
    """How much may be fetched.

    Attributes:
        seconds: the duration of the whole fetch.
        transfer_bytes: the size of the download.
        tags: the number of tags in the repository.
        files: the number of files and folders in one tree.
        file_bytes: the size of one file.
        tree_bytes: the size of all files of one tree.
    """

    seconds: float = 300
    transfer_bytes: int = 256 << 20
    tags: int = 5000
    files: int = 5000
    file_bytes: int = 16 << 20
    tree_bytes: int = 64 << 20


def check_tree(entries: Iterable[bytes], limits: Limits, where: str) -> None:
    """Refuse a tree that has anything but regular files with harmless names, or too many of them.

    Args:
        entries: the records of `git ls-tree -r -t -l -z`; reading stops at the first problem.
        limits: how much is allowed.
        where: the commit or release, for the message.

    Raises:
        Refused: the message names the file.

    Example:
        >>> link = b"120000 blob 1234 9\\tsecrets"
        >>> check_tree([link], Limits(), "commit 1234567")
        Traceback (most recent call last):
        loop.trees.Refused: 'secrets' in commit 1234567 is a symbolic link. Replace it by a file.
    """
    total_bytes = 0
    seen: set[bytes] = set()
    for count, entry in enumerate(entries, 1):
        facts, _, name = entry.partition(b"\t")
        mode, kind, _, size = facts.decode("ascii").split()
        shown = shown_name(name)
        problem = problem_with_name(name) or _problem_with_mode(mode, kind)
        if name in seen:
            problem = "is in the tree twice. Write the tree again"
        seen.add(name)
        if problem:
            raise Refused(f"{shown} in {where} {problem}.")
        if count > limits.files:
            raise Refused(
                f"There are more than {limits.files} files and folders in {where}; {shown} exceeds "
                "the limit."
            )
        size_bytes = 0 if size == "-" else int(size)
        total_bytes += size_bytes
        if size_bytes > limits.file_bytes:
            raise Refused(
                f"{shown} in {where} has {size_bytes} bytes; at most {limits.file_bytes} are "
                "allowed."
            )
        if total_bytes > limits.tree_bytes:
            raise Refused(
                f"The files in {where} have more than {limits.tree_bytes} bytes together; {shown} "
                "exceeds the limit."
            )


def problem_with_name(name: bytes) -> str:
    """Return what is wrong with the path of a file in a tree; "" if it is harmless.

    Example:
        >>> problem_with_name(b"a/.GIT/hooks/post-checkout")
        "is in git's own folder. Rename it"
        >>> problem_with_name(b"compose.yml")
        ''
    """
    try:
        path = name.decode("utf-8")
    except UnicodeDecodeError:
        return "has a name that is not UTF-8. Rename it"
    parts = path.split("/")
    if len(name) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return f"has a name that is too long ({len(name)} bytes). Shorten it"
    if any(part in ("", ".", "..") for part in parts):
        return "has a path that leaves its folder. Rename it"
    if any(_is_git_folder(part) for part in parts):
        return "is in git's own folder. Rename it"
    if any(unicodedata.category(character) in _HIDDEN for character in path):
        return "has a control character in its name. Rename it"
    if "\\" in path:
        return "has a backslash in its name. Rename it"
    return ""


def shown_name(name: bytes) -> str:
    """Return a file's name in quotes, escaped so that no terminal or page can act on it.

    Example:
        >>> shown_name(b"a\\nb")
        "'a\\\\nb'"
    """
    text = name[:200].decode("utf-8", "backslashreplace")
    return ascii(text) + ("..." if len(name) > 200 else "")


def _problem_with_mode(mode: str, kind: str) -> str:
    if mode == "120000":
        return "is a symbolic link. Replace it by a file"
    if mode == "160000" or kind == "commit":
        return "is a submodule. Replace it by its files"
    if kind == "tree" or (kind == "blob" and mode in _FILES):
        return ""
    return f"has the unknown mode {mode}. Add it again"


def _is_git_folder(part: str) -> bool:
    """Return whether a file system may treat a name as .git: by its case, or as HFS+ or NTFS do."""
    # HFS+ ignores invisible characters; NTFS ignores dots and spaces at the end, and a stream name.
    visible = "".join(c for c in part if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", visible).casefold().partition(":")[0].rstrip(". ")
    return plain == ".git" or re.fullmatch(r"git~\d+", plain) is not None
