"""Defaults of settings that runs replace: no deployment of a run shows what they are."""

import re
from collections.abc import Iterable, Iterator

from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions


def changed_defaults(
    replaced: Iterable[str], head: CommitFiles, release: CommitFiles, note: str
) -> Iterator[tuple[str, str]]:
    """Yield each replaced setting whose default is not that of the release, with a sentence.

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


def _defaults(name: str, files: CommitFiles) -> set[str]:
    """Return what .env.sample and the compose files say, where nobody has set it."""
    given = re.compile(rf"\$\{{{re.escape(name)}:?-([^}}]*)\}}")
    said = {value for path in files.compose for value in given.findall(files.texts.get(path, ""))}
    if name in files.sample:
        said.add(files.sample[name])
    return said


def _list(values: set[str]) -> str:
    return " and ".join(f"'{value}'" for value in sorted(values)) or "nothing"
