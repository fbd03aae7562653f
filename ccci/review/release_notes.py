"""Release notes that nobody is shown: abra looks for `release/<version>` and `release/next`."""

from collections.abc import Iterator, Mapping, Sequence

from ccci.recipe.release import Release, releases_in

_FOLDER = "release/"
# What people write until the version is known; abra renames it with the release.
_NEXT = "next"


def unseen_notes(
    head: Mapping[str, str], before: Mapping[str, str], version: str, releases: Sequence[Release]
) -> Iterator[tuple[str, str]]:
    """Yield each release note that the head brings under the name of no version, and why.

    The version may be one to come: a note is often written before the label is raised.

    Args:
        head: path to content of the head's files.
        before: that of the release's.
        version: of the head; "" if it has none.
        releases: those before the head, the oldest first.

    Example:
        >>> dict(unseen_notes({"release/1.2.0": "Mind"}, {}, "1.2.0+2.41.1", []))
        {'release/1.2.0': "'release/1.2.0': no version is called so, and abra shows it to nobody."}
    """
    for path in sorted(head.keys() - before.keys()):
        name = path.removeprefix(_FOLDER)
        to_come = any(not releases or one > releases[-1] for one in releases_in([name]))
        known = (_NEXT, version, *map(str, releases))
        if path.startswith(_FOLDER) and name not in known and not to_come:
            yield path, f"'{path}': no version is called so, and abra shows it to nobody."
