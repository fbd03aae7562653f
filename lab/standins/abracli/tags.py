"""The versions of recipes, `<recipe version>+<app version>`, and their order."""

import re
from collections.abc import Iterable

_TAG = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+](.+))?")

Key = tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]


def is_version(tag: str) -> bool:
    """Return whether a tag is a version; other tags are ignored everywhere."""
    return _TAG.fullmatch(tag) is not None


def key(tag: str) -> Key:
    """Return the sort key of a version: the version of the recipe, then that of the app.

    Example:
        >>> key("1.9.0+2.0") < key("1.10.0+1.0")
        True
    """
    found = _TAG.fullmatch(tag)
    if not found:
        return (-1, -1, -1), ()
    major, minor, patch, app = found.groups()
    # Numbers are compared as numbers, so that 1.26.3 is after 1.9; words are before numbers.
    parts = tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part)
        for part in re.findall(r"\d+|[^\W\d_]+", app or "")
    )
    return (int(major), int(minor or 0), int(patch or 0)), parts


def ascending(tags: Iterable[str]) -> list[str]:
    """Return the tags that are versions, oldest first."""
    return sorted({tag for tag in tags if is_version(tag)}, key=key)


def newer(tags: Iterable[str], than: str) -> list[str]:
    """Return the versions after `than`, oldest first."""
    return [tag for tag in ascending(tags) if key(tag) > key(than)]


def older(tags: Iterable[str], than: str) -> list[str]:
    """Return the versions before `than`, oldest first."""
    return [tag for tag in ascending(tags) if key(tag) < key(than)]
