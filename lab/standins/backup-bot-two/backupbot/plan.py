"""Works out what the backup of a stack must contain, from the labels of its services.

Public recipes mix the forms of the labels. This is how they are combined:

- A stack is backed up if any of its services has `backupbot.backup=true`. According to the
  specification, only one service may have it; public recipes have it on several, so it is accepted.
- If no service uses the path form: all volumes of the stack, except for what volume labels exclude.
- If a service uses the path form: the paths of the services that have paths, and the volumes of the
  services that only have `backupbot.backup=true`, except for what volume labels exclude. Volumes
  that a volume label includes are always added.
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
    """A mount of a service; `kind` is Docker's type, `source` the full name if it is a volume."""

    kind: str
    source: str
    target: str


@dataclass(frozen=True)
class Service:
    """A service; `name` is the short name ("app")."""

    name: str
    service_id: str
    labels: ServiceLabels
    mounts: tuple[Mount, ...] = ()

    @property
    def volumes(self) -> tuple[str, ...]:
        """The full names of the volumes that it mounts, without anonymous ones."""
        return tuple(m.source for m in self.mounts if m.kind == "volume" and m.source)


@dataclass(frozen=True)
class Stack:
    """The stack of a deployed app; `version` is that of its Co-op Cloud label."""

    name: str
    services: tuple[Service, ...]
    version: str = "unknown"

    @property
    def enabled(self) -> bool:
        """Whether any service has `backupbot.backup=true`."""
        return any(service.labels.switch for service in self.services)


@dataclass(frozen=True)
class Hook:
    """A shell command to run in a service's container."""

    service: Service
    command: str


@dataclass(frozen=True)
class Promise:
    """A path that the labels promise to back up: in a volume, or "" for the whole volume."""

    volume: str
    path: str = ""

    @property
    def full_path(self) -> PurePosixPath:
        """The absolute path: in the bot's container, on the host, and in a snapshot."""
        return VOLUMES_ROOT / self.inside_root

    @property
    def inside_root(self) -> PurePosixPath:
        """The path in the folder of all volumes."""
        return PurePosixPath(self.volume, "_data", self.path)

    def __str__(self) -> str:
        return f"volume {self.volume}: {self.path or 'everything'}"


@dataclass(frozen=True)
class BackupPlan:
    """What the backup of a stack must contain, and remarks to print."""

    stack: Stack
    promises: tuple[Promise, ...]
    remarks: tuple[str, ...] = ()


def short_volume_name(stack: str, volume: str) -> str:
    """Return a volume's name in the compose file: `content` for `shop_lab_test_content`."""
    return volume.removeprefix(f"{stack}_")


def plan_backup(stack: Stack) -> BackupPlan:
    """Work out what the backup of a stack must contain.

    Raises:
        BackupError: the labels do not enable the backup, promise a path that is not in a volume,
            or name an unknown volume; or there is nothing to back up.
    """
    _require_enabled(stack)
    rules = _volume_rules(stack)
    remarks = [
        f"label {label} of service {service.name} is unknown to this bot and is ignored"
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
    unique = _without_duplicates(promises)
    if not unique:
        raise BackupError(
            f"{stack.name} has the label backupbot.backup=true, but nothing to back up: it has no "
            f"volumes, or all are excluded"
        )
    return BackupPlan(stack, unique, tuple(remarks))


def hooks(
    stack: Stack, operation: Operation, containers: Sequence[str] = ()
) -> tuple[tuple[Hook, ...], tuple[Hook, ...]]:
    """Return the hooks before and after an operation.

    Args:
        stack: the stack as it is deployed.
        operation: "backup" or "restore".
        containers: the short names of the services to include; empty for all.
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
    """Return the paths of a snapshot that are in the chosen volumes.

    Args:
        stack: the name of the stack; the names of volumes may start with it.
        paths: the absolute paths of the snapshot.
        volumes: the volumes to include; empty for all.
        mounted: the full names of the volumes to include; None for all. Both must match.

    Raises:
        BackupError: a volume is not in the snapshot, or nothing matches.
    """
    wanted = {short_volume_name(stack, volume) for volume in volumes}
    found = {path: volume_of(path) for path in paths}
    missing = wanted - {short_volume_name(stack, volume) for volume in found.values()}
    if missing:
        raise BackupError(
            f"the snapshot has no volume {', '.join(sorted(missing))}; it has "
            + ", ".join(sorted({short_volume_name(stack, v) for v in found.values()}))
        )
    chosen = tuple(
        path
        for path, volume in found.items()
        if (not wanted or short_volume_name(stack, volume) in wanted)
        and (mounted is None or volume in mounted)
    )
    if not chosen:
        raise BackupError("the snapshot has nothing in the volumes of the chosen containers")
    return chosen


def volume_of(path: str) -> str:
    """Return the full name of the volume of an absolute path in a snapshot, or ""."""
    try:
        parts = PurePosixPath(path).relative_to(VOLUMES_ROOT).parts
    except ValueError:
        return ""
    return parts[0] if parts else ""


def volumes_of_services(stack: Stack, containers: Sequence[str]) -> frozenset[str]:
    """Return the full names of the volumes that these services mount."""
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
        raise BackupError(f"{stack.name} has the label backupbot.backup=false")
    if any(service.labels.exist for service in stack.services):
        raise BackupError(
            f"{stack.name} has backup labels, but no service has backupbot.backup=true"
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
                    f"the labels of two services of {stack.name} for volume {rule.volume} differ"
                )
    return rules


def _check_rules(stack: Stack, rules: dict[str, VolumeRule]) -> list[str]:
    """Refuse labels that include an unknown volume; return a remark for each excluded one."""
    known = {short_volume_name(stack.name, v) for s in stack.services for v in s.volumes}
    remarks = []
    for volume in sorted(set(rules) - known):
        if rules[volume].included:
            raise BackupError(
                f"a label promises a backup of volume {volume}, which no service of {stack.name} "
                f"mounts; mounted: {', '.join(sorted(known)) or 'none'}"
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
    """Map a path in the container to a path in the volume of the innermost mount."""
    wanted = PurePosixPath(path)
    mounts = [
        mount
        for mount in service.mounts
        if wanted == PurePosixPath(mount.target) or PurePosixPath(mount.target) in wanted.parents
    ]
    innermost = max(mounts, key=lambda m: len(PurePosixPath(m.target).parts), default=None)
    if innermost is None or innermost.kind != "volume" or not innermost.source:
        targets = [m.target for m in service.mounts if m.kind == "volume" and m.source]
        raise BackupError(
            f"label backupbot.backup.path of service {service.name} of {stack.name} promises "
            f"{path}, which is not in a volume (volumes are mounted at: "
            f"{', '.join(targets) or 'none'})"
        )
    relative = wanted.relative_to(innermost.target)
    return Promise(innermost.source, "" if relative == PurePosixPath() else str(relative))


def _without_duplicates(promises: Sequence[Promise]) -> tuple[Promise, ...]:
    """Return each promise once, and none that is inside another."""
    unique = sorted(set(promises), key=lambda p: str(p.full_path))
    return tuple(
        promise
        for promise in unique
        if not any(other.full_path in promise.full_path.parents for other in unique)
    )
