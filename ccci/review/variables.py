"""Variables that the release set for its services, and the head sets no more or turns round."""

from collections.abc import Iterator

from ccci.recipe.compose import as_map, fill_in, services_of
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions

# Not 1 and 0: these may be numbers of something.
_ON = {"true": "false", "yes": "no", "on": "off"}
_OPPOSITES = {**_ON, **{off: on for on, off in _ON.items()}}


def lost_variables(release: CommitFiles, head: CommitFiles, note: str) -> Iterator[tuple[str, str]]:
    """Yield each variable that a service had from its compose files and has no more, or turned.

    Its program then goes by its own default: what the release had against that default is lost.
    A switch that the release had off where nobody chose, and that is on, is seldom seen in what a
    run does: that the app tells its makers who uses it, for example.
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
    before, now = map(_variables, (release, head))
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
        return f"it was {texts.pop()} where nobody chose, and is {now.pop()}."
    return ""


def _variables(files: CommitFiles) -> dict[str, dict[str, set[str]]]:
    """Return service to its variables, each with its texts in a new app."""
    chosen = {**files.sample, **files.exports}
    found: dict[str, dict[str, set[str]]] = {}
    for service, parts in services_of(files.compose.values()).items():
        texts = found.setdefault(service, {})
        for part in parts:
            for name, text in as_map(part.get("environment")).items():
                given = fill_in(text, chosen) if text else chosen.get(name, "")
                texts.setdefault(name, set()).add(given.lower())
    return found
