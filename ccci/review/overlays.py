"""Compose files that apps may use and no run deploys: what of them is gone, or works no more.

An app's COMPOSE_FILE names them, and abra leaves that as it is.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ccci.recipe.compose import services_of
from ccci.review.files import CommitFiles


def lost_overlays(
    release: CommitFiles, head: CommitFiles, deployed: Collection[str], note: str
) -> Iterator[tuple[str, str]]:
    """Yield each compose file of the release that the head spoils, with a sentence.

    A file that the release note names is left alone: who reads the note is told.

    Args:
        release: the files of the release.
        head: those of the head.
        deployed: the compose files that the run deploys: what is in these is seen there.
        note: the text of the head's release note, or "".

    Example:
        ``list(lost_overlays(release, head, ["compose.yml"], ""))`` ->
        ``[("compose.mariadb.yml", "'compose.mariadb.yml' is gone: ...")]``
    """
    now = services_of(head.compose.values())
    for name, content in release.compose.items():
        if name in note:
            continue
        if name not in head.texts:
            yield (
                name,
                f"'{name}' is gone: an app whose COMPOSE_FILE names it cannot be deployed.",
            )
        elif name not in head.compose:
            yield name, f"'{name}' cannot be read any more."
        elif name not in deployed:
            for what in _lost(content, now):
                yield name, f"'{name}': {what}"


def _lost(content: Mapping[str, Any], now: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    for service, (part, *_) in services_of([content]).items():
        parts = now.get(service, [])
        if not parts:
            yield f"service '{service}' is gone."
            continue
        for mount in _all(part, "volumes", _mount):
            if mount not in {one for now in parts for one in _all(now, "volumes", _mount)}:
                yield f"service '{service}' mounts {mount} no more: its data is not there."
        for port in _all(part, "ports", _port):
            if port not in {one for now in parts for one in _all(now, "ports", _port)}:
                yield f"service '{service}' publishes {port} no more: who uses it finds nothing."


def _all(part: Mapping[str, Any], key: str, text: Any) -> list[str]:
    entries = part.get(key)
    found = [text(entry) for entry in entries] if isinstance(entries, list) else []
    return [one for one in dict.fromkeys(found) if one]


def _mount(entry: object) -> str:
    """Return `volume at path`; "" for a mount that is no volume with a name."""
    if isinstance(entry, Mapping):
        kind = entry.get("type", "volume")
        source, target = str(entry.get("source") or ""), str(entry.get("target") or "")
    else:
        source, _, rest = str(entry).partition(":")
        kind, target = "volume", rest.partition(":")[0]
    named = kind == "volume" and source and target and not source.startswith(("/", ".", "~"))
    return f"{source} at {target}" if named else ""


def _port(entry: object) -> str:
    """Return `published to target/protocol`; "" for a port that Docker chooses."""
    if isinstance(entry, Mapping):
        published, target = entry.get("published"), entry.get("target")
        protocol = entry.get("protocol", "tcp")
    else:
        ports, _, protocol = str(entry).partition("/")
        published, _, target = ports.rpartition(":")
    return f"{published} to {target}/{protocol or 'tcp'}" if published else ""
