"""Reads the backup labels of a service, in the three forms that recipes use.

1. The specification: `backupbot.backup`, `backupbot.backup.volumes.<vol>`,
   `backupbot.backup.volumes.<vol>.path`, `backupbot.{backup,restore}.{pre,post}-hook`.
2. The path form: `backupbot.backup.path` with absolute paths in the service's container.
3. Older names: `backupbot.volumes.<vol>` for the volume labels, and, of the older bot in bash,
   `backupbot.backup.command` (an additional pre-hook) and `backupbot.restore.command` (the first
   post-hook of a restore).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from backupbot.errors import RequestError

Operation = Literal["backup", "restore"]

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})
_VOLUME_PREFIXES = ("backupbot.backup.volumes.", "backupbot.volumes.")
# `backupbot.restore=true` was a switch of the older bot; now, every backup can be restored.
_WITHOUT_EFFECT = frozenset({"backupbot.restore"})


@dataclass(frozen=True)
class HookCommands:
    """The shell commands before and after an operation, in order."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class VolumeRule:
    """What the labels define for a volume; `paths` are relative to the root of the volume."""

    volume: str
    included: bool = True
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceLabels:
    """The backup labels of one service.

    `container_paths` are absolute paths in the service's container (the path form).
    `unknown` are labels that start with `backupbot.`, but are unknown to this program.
    """

    switch: bool | None = None
    volumes: tuple[VolumeRule, ...] = ()
    container_paths: tuple[str, ...] = ()
    backup: HookCommands = HookCommands()
    restore: HookCommands = HookCommands()
    unknown: tuple[str, ...] = ()

    @property
    def exist(self) -> bool:
        """Whether the service has a backup label other than the switch."""
        return bool(
            self.volumes
            or self.container_paths
            or self.backup != HookCommands()
            or self.restore != HookCommands()
        )


def truth(name: str, value: str) -> bool:
    """Read a boolean value.

    Args:
        name: the name of the label or variable, for the message.
        value: for example "true", "False" or "0"; an empty value is false.

    Raises:
        RequestError: it is neither true nor false.
    """
    text = value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise RequestError(f"{name} is {value!r}: it must be true or false")


def parse(service: str, labels: Mapping[str, str]) -> ServiceLabels:
    """Read the backup labels of a service; other labels are ignored.

    Args:
        service: the short name of the service ("app"), for messages.
        labels: the labels of the service (`deploy.labels` in the compose file).

    Raises:
        RequestError: a value is not valid; the message names the label and the service.

    Example:
        >>> parse("db", {"backupbot.backup.volumes.data.path": "dump.sql"}).volumes[0].paths
        ('dump.sql',)
    """
    rules: dict[str, VolumeRule] = {}
    unknown: list[str] = []
    known: dict[str, str] = {}
    for label, value in sorted(labels.items()):
        if not label.startswith("backupbot."):
            continue
        named = f"label {label} of service {service}"
        prefix = next((p for p in _VOLUME_PREFIXES if label.startswith(p)), None)
        if prefix is not None:
            _add_rule(rules, named, label.removeprefix(prefix), value)
        elif label in _KNOWN:
            known[label] = value
        elif label not in _WITHOUT_EFFECT:
            unknown.append(label)
    switch = known.get("backupbot.backup")
    return ServiceLabels(
        switch=None if switch is None else truth(f"label backupbot.backup of {service}", switch),
        volumes=tuple(rules[volume] for volume in sorted(rules)),
        container_paths=_container_paths(service, known.get("backupbot.backup.path", "")),
        backup=HookCommands(
            before=_commands(known, "backupbot.backup.pre-hook", "backupbot.backup.command"),
            after=_commands(known, "backupbot.backup.post-hook"),
        ),
        restore=HookCommands(
            before=_commands(known, "backupbot.restore.pre-hook"),
            after=_commands(known, "backupbot.restore.command", "backupbot.restore.post-hook"),
        ),
        unknown=tuple(unknown),
    )


_KNOWN = frozenset(
    {
        "backupbot.backup",
        "backupbot.backup.path",
        "backupbot.backup.command",
        "backupbot.backup.pre-hook",
        "backupbot.backup.post-hook",
        "backupbot.restore.command",
        "backupbot.restore.pre-hook",
        "backupbot.restore.post-hook",
    }
)


def _add_rule(rules: dict[str, VolumeRule], named: str, rest: str, value: str) -> None:
    volume, is_path = rest.removesuffix(".path"), rest.endswith(".path")
    if not volume:
        raise RequestError(f"{named} has no name of a volume")
    rule = rules.get(volume, VolumeRule(volume))
    if is_path:
        rule = VolumeRule(volume, rule.included, _relative_paths(named, value))
    else:
        rule = VolumeRule(volume, truth(named, value), rule.paths)
    rules[volume] = rule


def _relative_paths(named: str, value: str) -> tuple[str, ...]:
    paths = tuple(part.strip().strip("/") for part in value.split(",") if part.strip())
    if not paths:
        raise RequestError(f"{named} is empty: it must have at least one path in the volume")
    for path in paths:
        if ".." in path.split("/"):
            raise RequestError(f"{named}: {path!r} is not in the volume")
    # "/" is the whole volume, as is no path.
    return () if "" in paths or "." in paths else paths


def _container_paths(service: str, value: str) -> tuple[str, ...]:
    paths = tuple(part.strip() for part in value.split(",") if part.strip())
    for path in paths:
        if not path.startswith("/") or ".." in path.split("/"):
            raise RequestError(
                f"label backupbot.backup.path of service {service}: {path!r} is not an absolute "
                f"path in the container"
            )
    return tuple(path.rstrip("/") or "/" for path in paths)


def _commands(known: Mapping[str, str], *names: str) -> tuple[str, ...]:
    return tuple(known[name].strip() for name in names if known.get(name, "").strip())
