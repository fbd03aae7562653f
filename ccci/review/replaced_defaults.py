"""Defaults of settings that runs replace: no deployment of a run shows what they are."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from ccci.recipe.offered import SAMPLE, settings_in
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions


def changed_defaults(
    replaced: Collection[str], head: CommitFiles, release: CommitFiles, note: str
) -> Iterator[tuple[str, str]]:
    """Yield each setting whose default is not that of the release, and no run shows it.

    These are the settings that a recipe's tests replace, and those to which .env.sample gives a
    value. With each comes a sentence.

    Args:
        replaced: the settings to which recipe.toml gives a value of its own. One that the release
            has offered without a default must not get one unseen.
        head: the files of the commit under test.
        release: those of the release.
        note: the text of the head's release note, or "".

    Example:
        >>> before, now = (CommitFiles({}, {"OPEN": value}, {}, {}) for value in ("no", "yes"))
        >>> [name for name, _ in changed_defaults(["OPEN"], now, before, "")]
        ['OPEN']
    """
    offered = settings_in(release.texts.get(SAMPLE, ""))
    for name, was, now in _changes(sorted(replaced), _defaults, head, release, note, offered):
        yield (
            name,
            (
                f"'{name}' is {now} by default and was {was}. This recipe is tested with a value "
                "of its own, so nothing else tells what that does."
            ),
        )
    # A run has the value of .env.sample; an older app may have none.
    given = sorted(release.sample.keys() & head.sample.keys() - set(replaced))
    for name, was, now in _changes(given, _in_compose_files, head, release, note):
        yield (
            name,
            (
                f"'{name}' is {now} where an app has no value for it, and was {was}. .env.sample "
                "gives it one, so no run shows what that does."
            ),
        )


def _changes(
    names: Iterable[str],
    defaults: Callable[[str, CommitFiles], set[str]],
    head: CommitFiles,
    release: CommitFiles,
    note: str,
    without: Collection[str] = (),
) -> Iterator[tuple[str, str, str]]:
    """Yield each name that the note does not tell of, with what it was and what it is now.

    What had no default is left alone, but for the names in `without`.
    """
    for name in names:
        was, now = defaults(name, release), defaults(name, head)
        # An empty default is none.
        is_new = (was or name in without) and now - {""} != was - {""}
        if is_new and not mentions(note, name):
            yield name, _list(was), _list(now)


def _defaults(name: str, files: CommitFiles) -> set[str]:
    """Return what .env.sample and the compose files say, where nobody has set it."""
    sample = {files.sample[name]} if name in files.sample else set()
    return _in_compose_files(name, files) | sample


def _in_compose_files(name: str, files: CommitFiles) -> set[str]:
    given = re.compile(rf"\$\{{{re.escape(name)}:?-([^}}]*)\}}")
    return {value for path in files.compose for value in given.findall(files.texts.get(path, ""))}


def _list(values: set[str]) -> str:
    return " and ".join(f"'{value}'" for value in sorted(values)) or "nothing"
