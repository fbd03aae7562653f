"""What apps may have set, and nothing in the head reads any more."""

import re
from collections.abc import Iterable, Iterator, Mapping

from ccci.recipe.offered import SAMPLE
from ccci.review.mentions import COMPOSE, mentions, reads, sets

_NO_READER = re.compile(r"(?i)(^|/)(readme|changelog|license)[^/]*$|\.md$|^release/")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def readers(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a commit that may read a setting, without their comments.

    Args:
        files: path to text.
    """
    return {
        path: _COMMENT.sub("", text)
        for path, text in files.items()
        if path != SAMPLE and not _NO_READER.search(path)
    }


def unread(
    offered: Iterable[str], head: Mapping[str, str], release: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield each name that the head offers and reads no more, with a sentence.

    What the release did not read either is left alone. A setting can be handed to a container by
    the compose file and be read there by a template or a script: if a file of that kind read it in
    the release, one must do so in the head. A variable to which the compose file gives a text of
    its own is read by nobody, as abra hands all that an app has set to its services.

    Args:
        offered: settings of the head's .env.sample, commented or not, and secrets of its services.
        head: path to text of the head's files.
        release: path to text of the files of the release.

    Example:
        >>> [name for name, _ in unread(["ZONE"], {"compose.yml": "TZ=UTC"},
        ...                             {"compose.yml": "TZ=${ZONE}"})]
        ['ZONE']
    """
    now, before = readers(head), readers(release)
    for name in dict.fromkeys(offered):
        had, has = (
            {path for path, text in files.items() if reads(path, text, name)}
            for files in (before, now)
        )
        lost = {path for path in had if not COMPOSE.search(path)}
        setting, was_setting = (
            {path for path, text in files.items() if sets(path, text, name)}
            for files in (now, before)
        )
        if had and setting and not was_setting:
            yield (
                name,
                (
                    f"'{name}' is still offered, and {_list(setting)} gives the variable a text of "
                    "its own: what an app has set is ignored."
                ),
            )
        elif had and not has:
            yield name, f"'{name}' is still offered, and no file reads it: {_list(had)} did before."
        elif lost and not any(not COMPOSE.search(path) for path in has):
            yield (
                name,
                (
                    f"'{name}' is still offered, and only {_list(has)} names it: in the release "
                    f"{_list(lost)} made something of it."
                ),
            )


def forgotten(
    known: Iterable[str], head: Mapping[str, str], release: Mapping[str, str], note: str
) -> Iterator[tuple[str, str]]:
    """Yield each setting of the release that the head neither offers nor reads, with a sentence.

    abra leaves the .env of an app as it is: whoever has set it goes back to the default, unawares.

    Args:
        known: settings of the .env.sample of the release, commented or not.
        head: path to text of the head's files.
        release: path to text of the files of the release.
        note: the text of the head's release note, or "".

    Example:
        >>> [name for name, _ in forgotten(["ZONE"], {"compose.yml": "TZ=${TIME_ZONE}"},
        ...                                {"compose.yml": "TZ=${ZONE}"}, "")]
        ['ZONE']
    """
    now = (*readers(head).values(), head.get(SAMPLE, ""), note)
    before = readers(release)
    for name in dict.fromkeys(known):
        had = [path for path, text in before.items() if reads(path, text, name)]
        if had and not any(mentions(text, name) for text in now):
            yield name, f"'{name}' was read by {_list(had)}, and is now in no file."


def _list(paths: Iterable[str]) -> str:
    return ", ".join(sorted(paths))
