"""Compose files that apps may use and no run deploys: what of them is gone, or works no more.

An app's COMPOSE_FILE names them, and abra leaves that as it is.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccci.recipe.compose import as_map, fill_in, services_of
from ccci.recipe.offered import SAMPLE, passed_on, settings_in
from ccci.recipe.tags import worse_tag
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions
from ccci.review.still_read import readers

# $NAME and ${NAME}, without a default.
_BARE = re.compile(r"(?<!\$)\$(?:([A-Z]\w*)|\{([A-Z]\w*)\})")
_OF_EVERY_APP = {"STACK_NAME", "DOMAIN"}
# A range with more is compared as a text.
_MOST_PORTS = 1000


@dataclass(frozen=True)
class Use:
    """What is known of the head besides its texts.

    Attributes:
        deployed: the compose files that the run deploys: what is in these is seen there.
        links: files of the head that are links; what they lead to is not read.
        note: the text of the head's release note, or "".
    """

    deployed: Collection[str] = ()
    links: Collection[str] = ()
    note: str = ""


def lost_overlays(release: CommitFiles, head: CommitFiles, use: Use) -> Iterator[tuple[str, str]]:
    """Yield each compose file of the release that the head spoils, with a sentence.

    A file that the release note names is left alone: who reads the note is told. So is one in a
    folder that .env.sample does not name: it is for those who develop the recipe.

    Args:
        release: the files of the release.
        head: those of the head.
        use: what else is known of the head.

    Example:
        ``list(lost_overlays(release, head, Use()))`` ->
        ``[("compose.mariadb.yml", "'compose.mariadb.yml' is gone: ...")]``
    """
    before = _Texts({**release.sample, **release.exports})
    upgraded = _Texts({**release.sample, **head.exports})
    now = _Texts({**head.sample, **head.exports}).all_of(services_of(head.compose.values()))
    known = {*settings_in(release.texts.get(SAMPLE, "")), *head.exports, *_OF_EVERY_APP}
    for name, content in release.compose.items():
        is_offered = "/" not in name or name in release.texts.get(SAMPLE, "")
        if name in use.note or name in use.links or not is_offered:
            continue
        if name not in head.texts:
            yield (
                name,
                f"'{name}' is gone: an app whose COMPOSE_FILE names it cannot be deployed.",
            )
        elif name not in head.compose:
            yield name, f"'{name}' cannot be read any more."
        elif name not in use.deployed:
            for what in _lost(before.all_of(services_of([content])), now):
                yield name, f"'{name}': {what}"
            for what in _worse((before, upgraded), content, head.compose[name]):
                yield name, f"'{name}': {what}"
            for setting in sorted(_needed(head, name) - _needed(release, name)):
                if setting not in known and not mentions(use.note, setting):
                    yield (
                        name,
                        f"'{name}': it needs {setting}, which no app has: give it a default.",
                    )


@dataclass(frozen=True)
class _Has:
    """What services have: service to its mounts, its ports, and its settings.

    Settings are variables and the labels of the backup bot, each with its text.
    """

    mounts: Mapping[str, set[str]]
    ports: Mapping[str, set[str]]
    settings: Mapping[str, set[str]]


@dataclass(frozen=True)
class _Texts:
    """What compose files say of services, written in one way.

    Attributes:
        settings: what variables in them have by default.
    """

    settings: Mapping[str, str]

    def all_of(self, services: Mapping[str, list[dict[str, Any]]]) -> _Has:
        return _Has(
            {name: self._set(parts, "volumes", self._mount) for name, parts in services.items()},
            {name: self._set(parts, "ports", self._ports) for name, parts in services.items()},
            {name: set(_settings(parts)) for name, parts in services.items()},
        )

    def image(self, part: Mapping[str, Any]) -> str:
        """Return the image that a service names, without its digest; "" for none."""
        return self._fill(part.get("image")).partition("@")[0]

    def _set(
        self, parts: list[dict[str, Any]], key: str, texts: Callable[[object], Iterator[str]]
    ) -> set[str]:
        lists = [part[key] for part in parts if isinstance(part.get(key), list)]
        return {text for entries in lists for entry in entries for text in texts(entry)}

    def _fill(self, value: object) -> str:
        return fill_in(str("" if value is None else value), self.settings)

    def _mount(self, entry: object) -> Iterator[str]:
        """Yield `volume at path`, unless it is no volume with a name."""
        if isinstance(entry, Mapping):
            kind = entry.get("type", "volume")
            source, target = self._fill(entry.get("source")), self._fill(entry.get("target"))
        else:
            kind, (source, _, rest) = "volume", self._fill(entry).partition(":")
            target = rest.partition(":")[0]
        if kind == "volume" and source and target and not source.startswith(("/", ".", "~")):
            yield f"{source} at {posixpath.normpath(target)}"

    def _ports(self, entry: object) -> Iterator[str]:
        """Yield `published to target/protocol`, unless Docker chooses the port."""
        if isinstance(entry, Mapping):
            published, target = self._fill(entry.get("published")), self._fill(entry.get("target"))
            protocol = self._fill(entry.get("protocol"))
        else:
            ports, _, protocol = self._fill(entry).partition("/")
            published, _, target = ports.rpartition(":")
        for one, other in zip(_range(published), _range(target), strict=False):
            yield f"{one} to {other}/{protocol or 'tcp'}"


def _worse(
    texts: tuple[_Texts, _Texts], before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is worse of the services that one compose file has in both commits.

    An upgraded app has the settings of the release, and what the head's abra.sh exports.
    """
    services = now.get("services") or {}
    for name, part in (before.get("services") or {}).items():
        old, new = part or {}, services.get(name) or {}
        images = [text.image(part) for text, part in zip(texts, (old, new), strict=True)]
        if all(images) and (worse := worse_tag(*images)):
            yield f"service '{name}' runs {images[1]} and not {images[0]}: {worse}."
        if _starts_first(new) and not _starts_first(old):
            yield (
                f"service '{name}' is updated start-first, and was not: two tasks run at "
                "once for a while."
            )


def _starts_first(part: Mapping[str, Any]) -> bool:
    return ((part.get("deploy") or {}).get("update_config") or {}).get("order") == "start-first"


def _needed(files: CommitFiles, name: str) -> set[str]:
    """Return the settings that a compose file takes as an app has them."""
    text = readers({name: files.texts[name]}).get(name, "")
    bare = {one or other for one, other in _BARE.findall(text)}
    return bare | set(passed_on(files.compose[name]))


def _settings(parts: list[dict[str, Any]]) -> Iterator[str]:
    for part in parts:
        for name, value in as_map(part.get("environment")).items():
            yield f"the variable {name}={value}"
        for name, value in as_map((part.get("deploy") or {}).get("labels")).items():
            if name.startswith("backupbot."):
                yield f"the label {name}={value}"


def _range(ports: str) -> list[str]:
    """Return each port of `8000-8003`, or the text itself; nothing for no port."""
    first, _, last = ports.rpartition(":")[2].partition("-")
    if first.isdecimal() and last.isdecimal() and int(last) - int(first) <= _MOST_PORTS:
        return [str(port) for port in range(int(first), int(last) + 1)]
    return [ports] if ports else []


def _lost(before: _Has, now: _Has) -> Iterator[str]:
    everywhere = {port for ports in now.ports.values() for port in ports}
    for service in before.mounts:
        if service not in now.mounts:
            yield f"service '{service}' is gone."
            continue
        for mount in sorted(before.mounts[service] - now.mounts[service]):
            yield f"service '{service}' mounts {mount} no more: its data is not there."
        for setting in sorted(before.settings[service] - now.settings[service]):
            yield f"service '{service}' has {setting} no more, and no run deploys the file."
        for port in sorted(before.ports[service] - everywhere):
            yield f"service '{service}' publishes {port} no more: who uses it finds nothing."
