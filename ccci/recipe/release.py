"""Release tags of a recipe: `<recipe version>+<app version>`, as in `1.1.0+1.26.3`."""

import re
from dataclasses import dataclass

from ccci.errors import Misuse

_TAG = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})\+([0-9A-Za-z][0-9A-Za-z._-]{0,63})", re.ASCII)


@dataclass(frozen=True, order=True)
class Release:
    """A published release. Releases are ordered by recipe version."""

    recipe_version: tuple[int, int, int]
    app_version: str

    def __str__(self) -> str:
        return ".".join(map(str, self.recipe_version)) + f"+{self.app_version}"


def parse_release(tag: str) -> Release:
    """Return the release that a tag names.

    Raises:
        Misuse: it is not a release tag; the sentence shows the form.

    Example:
        >>> str(parse_release("1.1.0+1.26.3"))
        '1.1.0+1.26.3'
    """
    found = _TAG.fullmatch(tag)
    if not found:
        raise Misuse(
            f"{tag!r} is not a release tag: <recipe version>+<app version>, as in '1.1.0+1.26.3'."
        )
    major, minor, patch, app = found.groups()
    return Release((int(major), int(minor), int(patch)), app)


def releases_in(tags: list[str]) -> list[Release]:
    """Return the releases among `tags`, oldest first; other tags are ignored, as abra does."""
    return sorted(parse_release(tag) for tag in tags if _TAG.fullmatch(tag))
