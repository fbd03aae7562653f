"""Defaults of settings that runs replace: no deployment of a run shows what they are."""

import re
from collections.abc import Iterable, Iterator

from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions


def changed_defaults(
    replaced: Iterable[str], head: CommitFiles, release: CommitFiles, note: str
) -> Iterator[tuple[str, str]]:
    """Yield each setting whose default is not that of the release, and no run shows it.

    These are the settings that a recipe's tests replace, and those to which .env.sample gives a
    value. With each comes a sentence.

    Args:
        replaced: the settings to which recipe.toml gives a value of its own.
        head: the files of the commit under test.
        release: those of the release.
        note: the text of the head's release note, or "".

    Example:
        >>> before, now = (CommitFiles({}, {"OPEN": value}, {}, {}) for value in ("no", "yes"))
        >>> [name for name, _ in changed_defaults(["OPEN"], now, before, "")]
        ['OPEN']
    """
    for name in replaced:
        was, now = _defaults(name, release), _defaults(name, head)
        if was and now != was and not mentions(note, name):
            yield (
                name,
                (
                    f"'{name}' is {_list(now)} by default and was {_list(was)}. This recipe is "
                    "tested with a value of its own, so nothing else tells what that does."
                ),
            )
    # A run has the value of .env.sample; an older app may have none.
    for name in sorted(release.sample.keys() & head.sample.keys() - set(replaced)):
        was, now = _in_compose_files(name, release), _in_compose_files(name, head)
        if was and now != was and not mentions(note, name):
            yield (
                name,
                (
                    f"'{name}' is {_list(now)} where an app has no value for it, and was "
                    f"{_list(was)}. .env.sample gives it one, so no run shows what that does."
                ),
            )


def _defaults(name: str, files: CommitFiles) -> set[str]:
    """Return what .env.sample and the compose files say, where nobody has set it."""
    sample = {files.sample[name]} if name in files.sample else set()
    return _in_compose_files(name, files) | sample


def _in_compose_files(name: str, files: CommitFiles) -> set[str]:
    given = re.compile(rf"\$\{{{re.escape(name)}:?-([^}}]*)\}}")
    return {value for path in files.compose for value in given.findall(files.texts.get(path, ""))}


def _list(values: set[str]) -> str:
    return " and ".join(f"'{value}'" for value in sorted(values)) or "nothing"
