"""Variables that the release set for its services, and the head sets no more or turns round."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ccci.recipe.compose import as_map, services_of
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions

_ON = {"true": "false", "1": "0", "yes": "no", "on": "off"}
_OPPOSITES = {**_ON, **{off: on for on, off in _ON.items()}}


def lost_variables(release: CommitFiles, head: CommitFiles, note: str) -> Iterator[tuple[str, str]]:
    """Yield each variable that a service had from its compose files and has no more, or turned.

    Its program then goes by its own default: what the release had against that default is lost.
    A switch that the release had off for all apps, and that is on, is seldom seen in what a run
    does: that the app tells its makers who uses it, for example.
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
        for name, texts in sorted(before[service].items()):
            became = _became(texts, now[service].get(name))
            if became and not mentions(note, name):
                yield f"{service}: variable {name}", f"'{service}: variable {name}': {became}"


def _became(texts: set[str], now: set[str] | None) -> str:
    """Return what is lost of a variable, by its texts in all compose files; "" when nothing is."""
    if now is None:
        return (
            "a compose file of the release set it, and none of the head does: the program goes by "
            "its own default."
        )
    if len(texts) == len(now) == 1 and _OPPOSITES.get(*texts) in now:
        return f"it was {texts.pop()} for every app and is {now.pop()}."
    return ""


def _variables(contents: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for service, parts in services_of(contents).items():
        texts = found.setdefault(service, {})
        for part in parts:
            for name, text in as_map(part.get("environment")).items():
                texts.setdefault(name, set()).add(str(text).lower())
    return found
