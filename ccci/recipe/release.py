"""Release tags of a recipe: `<recipe version>+<app version>`, as in `1.1.0+1.26.3`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ccci.errors import Misuse

# A number has no zeros in front: a release is written in one way only.
_NUMBER = r"(0|[1-9]\d{0,5})"
_TAG = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}\+([0-9A-Za-z][0-9A-Za-z._-]{{0,63}})", re.ASCII
)
# The arguments of git that list tags, a line each, for `released`; options may follow.
LIST_TAGS = ("for-each-ref", "--format=%(objecttype) %(*objecttype) %(refname)", "refs/tags")


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


def releases_in(tags: Iterable[str]) -> list[Release]:
    """Return the releases among `tags`, oldest first; other tags are ignored, as abra does."""
    return sorted(parse_release(tag) for tag in tags if _TAG.fullmatch(tag))


def released(listing: str) -> list[Release]:
    """Return the releases among the tags of a repository, oldest first.

    Tags with another name are ignored, and so are those of something other than a commit.

    Args:
        listing: what git says to `LIST_TAGS`.

    Example:
        >>> [str(one) for one in released("commit  refs/tags/1.1.0+1.26.3")]
        ['1.1.0+1.26.3']
    """
    tags = []
    # Not splitlines(): the name of a tag can hold what Python takes for the end of a line.
    for line in filter(None, listing.split("\n")):
        kind, kind_inside, name = line.split(" ", 2)
        if (kind_inside or kind) == "commit":
            tags.append(name.removeprefix("refs/tags/"))
    return releases_in(tags)
