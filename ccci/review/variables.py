"""Variables that the release set for its services and the head sets no more."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ccci.recipe.compose import as_map, services_of
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions


def lost_variables(release: CommitFiles, head: CommitFiles, note: str) -> Iterator[tuple[str, str]]:
    """Yield each variable that a service had from its compose files and has no more.

    Its program then goes by its own default: what the release had against that default is lost.
    The name that is yielded is that of the loss, as in `app: variable TZ`.

    Args:
        release: the files of the release.
        head: those of the head.
        note: the text of the head's release note, or "". What it names is left alone.

    Example:
        >>> before, now = (
        ...     CommitFiles({}, {}, {}, {"": {"services": {"app": {"environment": variables}}}})
        ...     for variables in (["TZ=UTC", "LOG=1"], ["LOG=2"])
        ... )
        >>> [name for name, _ in lost_variables(before, now, "")]
        ['app: variable TZ']
    """
    before, now = (_variables(files.compose.values()) for files in (release, head))
    for service in sorted(before.keys() & now.keys()):
        for name in sorted(before[service] - now[service]):
            if not mentions(note, name):
                yield (
                    f"{service}: variable {name}",
                    (
                        f"'{service}: variable {name}': a compose file of the release set it, and "
                        "none of the head does: the program goes by its own default."
                    ),
                )


def _variables(contents: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    return {
        service: {name for part in parts for name in as_map(part.get("environment"))}
        for service, parts in services_of(contents).items()
    }
