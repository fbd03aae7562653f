"""From the services of one stack to what a backup must hold: pure, no Docker and no restic.

How the forms mix (they do, in public recipes):

- A stack takes part when any of its services says `backupbot.backup=true`. The specification calls
  the label on a second service an error; public recipes do it, so it is accepted.
- No service uses the path form: every volume of the stack, whole, less what volume labels say.
- Some service uses the path form: each service speaks for itself, as when that form was made. A
  service with paths gives those paths; one that only says `backupbot.backup=true` gives its
  volumes, less what volume labels say; one without labels gives nothing. A volume that a volume
  label includes by name is held whichever service mounts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from backupbot.errors import BackupError, RequestError
from backupbot.labels import Operation, ServiceLabels, VolumeRule

VOLUMES_ROOT = PurePosixPath("/var/lib/docker/volumes")


@dataclass(frozen=True)
class Mount:
    """One mount of a service; `kind` and `source` as Docker gives them ("volume", full name)."""

    kind: str
    source: str
    target: str


@dataclass(frozen=True)
class Service:
    """What a plan needs to know of one service; `name` is short ("app")."""

    name: str
    service_id: str
    labels: ServiceLabels
    mounts: tuple[Mount, ...] = ()

    @property
    def volumes(self) -> tuple[str, ...]:
        """Full names of the volumes that it mounts; an unnamed one has no data to keep."""
        return tuple(m.source for m in self.mounts if m.kind == "volume" and m.source)


@dataclass(frozen=True)
class Stack:
    """One deployed app: `name` as Swarm knows it, `version` from its Co-op Cloud label."""

    name: str
    services: tuple[Service, ...]
    version: str = "unknown"

    @property
    def enabled(self) -> bool:
        """True if any service says `backupbot.backup=true`."""
        return any(service.labels.switch for service in self.services)


@dataclass(frozen=True)
class Hook:
    """One shell command to run in a service's container."""

    service: Service
    command: str


@dataclass(frozen=True)
class Promise:
    """One path that the labels promise to hold; `path` relative to the volume, "" for all of it."""

    volume: str
    path: str = ""

    @property
    def full_path(self) -> PurePosixPath:
        """Where it is in the bot's container and on the host, and in a snapshot."""
        return VOLUMES_ROOT / self.inside_root

    @property
    def inside_root(self) -> PurePosixPath:
        """Where it is below the folder of all volumes."""
        return PurePosixPath(self.volume, "_data", self.path)

    def __str__(self) -> str:
        return f"volume {self.volume}: {self.path or 'everything'}"


@dataclass(frozen=True)
class BackupPlan:
    """All that one backup of one stack must hold, and remarks for whoever reads the output."""

    stack: Stack
    promises: tuple[Promise, ...]
    remarks: tuple[str, ...] = ()


def short_volume_name(stack: str, volume: str) -> str:
    """A volume's name in its compose file: `content` for `shop_lab_test_content`."""
    return volume.removeprefix(f"{stack}_")


def plan_backup(stack: Stack) -> BackupPlan:
    """Work out what a backup of `stack` must hold.

    Raises:
        BackupError: if the stack takes no part, promises a path that no volume holds, names a
            volume that it does not have, or ends up with nothing to back up.
    """
    _require_enabled(stack)
    rules = _volume_rules(stack)
    remarks = [
        f"label {label} of service {service.name} means nothing to this bot and is ignored"
        for service in stack.services
        for label in service.labels.unknown
    ]
    remarks += _check_rules(stack, rules)
    path_form = any(service.labels.container_paths for service in stack.services)
    promises: list[Promise] = []
    for service in stack.services:
        promises += [_promise_for(stack, service, p) for p in service.labels.container_paths]
        volumes = service.volumes
        if path_form and (service.labels.container_paths or not service.labels.switch):
            volumes = tuple(v for v in volumes if short_volume_name(stack.name, v) in rules)
        promises += _promises_of_volumes(stack, volumes, rules)
    kept = _without_repeats(promises)
    if not kept:
        raise BackupError(
            f"{stack.name} says backupbot.backup=true and has nothing to back up: no volume, or "
            f"all volumes excluded"
        )
    return BackupPlan(stack, kept, tuple(remarks))


def hooks(
    stack: Stack, operation: Operation, containers: Sequence[str] = ()
) -> tuple[tuple[Hook, ...], tuple[Hook, ...]]:
    """The hooks before and after an operation.

    Args:
        stack: the stack as deployed now.
        operation: "backup" or "restore".
        containers: short service names to keep to; empty for all.
    """
    before: list[Hook] = []
    after: list[Hook] = []
    for service in _selected_services(stack, containers):
        commands = service.labels.backup if operation == "backup" else service.labels.restore
        before += [Hook(service, command) for command in commands.before]
        after += [Hook(service, command) for command in commands.after]
    return tuple(before), tuple(after)


def select_paths(
    stack: str,
    paths: Sequence[str],
    volumes: Sequence[str] = (),
    mounted: frozenset[str] | None = None,
) -> tuple[str, ...]:
    """The paths of a snapshot that lie on chosen volumes.

    Args:
        stack: stack name; volumes may be named with or without it.
        paths: absolute paths of a snapshot.
        volumes: volumes to keep to; empty for all.
        mounted: full names of the volumes to keep to besides; None for all.

    Raises:
        BackupError: if a named volume is not in the snapshot, or nothing is left.
    """
    wanted = {short_volume_name(stack, volume) for volume in volumes}
    held = {path: volume_of(path) for path in paths}
    missing = wanted - {short_volume_name(stack, volume) for volume in held.values()}
    if missing:
        raise BackupError(
            f"the snapshot holds no volume {', '.join(sorted(missing))}; it holds "
            + ", ".join(sorted({short_volume_name(stack, v) for v in held.values()}))
        )
    chosen = tuple(
        path
        for path, volume in held.items()
        if (not wanted or short_volume_name(stack, volume) in wanted)
        and (mounted is None or volume in mounted)
    )
    if not chosen:
        raise BackupError("the snapshot holds nothing of the chosen containers' volumes")
    return chosen


def volume_of(path: str) -> str:
    """The full name of the volume that an absolute path of a snapshot lies on ("" if on none)."""
    try:
        parts = PurePosixPath(path).relative_to(VOLUMES_ROOT).parts
    except ValueError:
        return ""
    return parts[0] if parts else ""


def volumes_of_services(stack: Stack, containers: Sequence[str]) -> frozenset[str]:
    """Full names of the volumes that the named services mount."""
    return frozenset(
        volume for service in _selected_services(stack, containers) for volume in service.volumes
    )


def _selected_services(stack: Stack, names: Sequence[str]) -> tuple[Service, ...]:
    wanted = {name.removeprefix(f"{stack.name}_") for name in names}
    unknown = wanted - {service.name for service in stack.services}
    if unknown:
        raise RequestError(
            f"{stack.name} has no service {', '.join(sorted(unknown))}; it has "
            + ", ".join(service.name for service in stack.services)
        )
    return tuple(s for s in stack.services if not wanted or s.name in wanted)


def _require_enabled(stack: Stack) -> None:
    if stack.enabled:
        return
    if any(service.labels.switch is False for service in stack.services):
        raise BackupError(f"{stack.name} says backupbot.backup=false: no backup is wanted")
    if any(service.labels.say_anything for service in stack.services):
        raise BackupError(
            f"{stack.name} has backup labels, but no service says backupbot.backup=true"
        )
    raise BackupError(
        f"{stack.name} has no backup labels: its recipe needs backupbot.backup=true under "
        f"deploy.labels"
    )


def _volume_rules(stack: Stack) -> dict[str, VolumeRule]:
    rules: dict[str, VolumeRule] = {}
    for service in stack.services:
        for rule in service.labels.volumes:
            earlier = rules.setdefault(short_volume_name(stack.name, rule.volume), rule)
            if (earlier.included, earlier.paths) != (rule.included, rule.paths):
                raise BackupError(
                    f"two services of {stack.name} say different things about volume {rule.volume}"
                )
    return rules


def _check_rules(stack: Stack, rules: dict[str, VolumeRule]) -> list[str]:
    """Refuse a promise about a volume that is not there; remark on an exclusion of one."""
    there = {short_volume_name(stack.name, v) for s in stack.services for v in s.volumes}
    remarks = []
    for volume in sorted(set(rules) - there):
        if rules[volume].included:
            raise BackupError(
                f"a label promises a backup of volume {volume}, which no service of {stack.name} "
                f"mounts; mounted: {', '.join(sorted(there)) or 'none'}"
            )
        remarks.append(f"volume {volume} is excluded by a label, and no service mounts it")
    return remarks


def _promises_of_volumes(
    stack: Stack, volumes: Sequence[str], rules: dict[str, VolumeRule]
) -> list[Promise]:
    promises = []
    for volume in volumes:
        rule = rules.get(short_volume_name(stack.name, volume), VolumeRule(volume))
        if rule.included:
            promises += [Promise(volume, path) for path in rule.paths or ("",)]
    return promises


def _promise_for(stack: Stack, service: Service, path: str) -> Promise:
    """Map a path of the container to its volume; the innermost mount holds it."""
    wanted = PurePosixPath(path)
    holding = [
        mount
        for mount in service.mounts
        if wanted == PurePosixPath(mount.target) or PurePosixPath(mount.target) in wanted.parents
    ]
    innermost = max(holding, key=lambda m: len(PurePosixPath(m.target).parts), default=None)
    if innermost is None or innermost.kind != "volume" or not innermost.source:
        targets = [m.target for m in service.mounts if m.kind == "volume" and m.source]
        raise BackupError(
            f"label backupbot.backup.path of service {service.name} of {stack.name} promises "
            f"{path}, which is on no volume (volumes are mounted at: "
            f"{', '.join(targets) or 'none'})"
        )
    relative = wanted.relative_to(innermost.target)
    return Promise(innermost.source, "" if relative == PurePosixPath() else str(relative))


def _without_repeats(promises: Sequence[Promise]) -> tuple[Promise, ...]:
    """Each promise once, and none inside another: restic refuses neither, a reader minds both."""
    unique = sorted(set(promises), key=lambda p: str(p.full_path))
    return tuple(
        promise
        for promise in unique
        if not any(other.full_path in promise.full_path.parents for other in unique)
    )
