"""Backup and restore through abra and backup-bot-two, and what a recipe's labels promise.

Three forms of labels are in use: the specification's (`backupbot.backup=true`, volumes excluded or
narrowed by `backupbot.backup.volumes.<volume>[.path]`), container paths (`backupbot.backup.path`),
and `backupbot.volumes.<volume>`. Each form that a recipe uses is read.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccci.deploy.abra import Abra
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import Service, SwarmView

BOT_LABEL = "coop-cloud.backupbot.enabled=true"
VOLUMES_ROOT = "/var/lib/docker/volumes"
_BACKUP_SECONDS = 1800
_VOLUMES = "backupbot.backup.volumes"


@dataclass(frozen=True)
class Promise:
    """What a backup must hold: a volume, and a path in it ("" for the whole volume)."""

    volume: str
    path: str

    def __str__(self) -> str:
        return f"{self.volume}/{self.path}" if self.path else self.volume


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of an app.

    Attributes:
        id: its id in the repository.
        paths: what it holds.
        begun: when the backup began, in seconds since 1970.
    """

    id: str
    paths: tuple[str, ...]
    begun: float = field(default=0.0, compare=False)


def require_backup_bot(swarm: SwarmView) -> None:
    """Fail unless backup-bot-two is deployed on the server.

    Raises:
        NodeFailure: it is not; the sentence says how to deploy it.
    """
    api: Any = swarm.client.api
    found = api.services(filters={"label": BOT_LABEL})
    if not found:
        raise NodeFailure(
            f"There is no backup bot on this server: no service has the label {BOT_LABEL}. "
            "Deploy the recipe backup-bot-two, or run 'make lab-up'."
        )


def promises_of(services: list[Service], mounts: list[Mount], stack: str) -> list[Promise]:
    """Return what a stack's backup labels promise to back up.

    Raises:
        RecipeFailure: a label names a path that is in none of the service's volumes.
    """
    wanted: dict[str, list[str]] = {}
    labels = {service.short_name: service.labels for service in services}
    merged = {key: value for each in labels.values() for key, value in each.items()}
    by_path = {name: paths for name, each in labels.items() if (paths := _paths(each))}
    for service, paths in by_path.items():
        for path in paths:
            mount = _mount_holding(path, service, mounts)
            inside = path.removeprefix(mount.folder).strip("/")
            wanted.setdefault(mount.volume, []).append(inside)
    for mount in mounts:
        label = f"{_VOLUMES}.{mount.volume.removeprefix(f'{stack}_')}"
        if by_path:
            # Where one service names paths each speaks for itself, and labels for the volume.
            own = labels.get(mount.service, {})
            alone = mount.service not in by_path and _true(own.get("backupbot.backup", ""))
            kept = alone or f"{label}.path" in merged or label in merged
        else:
            kept = _true(merged.get("backupbot.backup", ""))
        if kept and _true(merged.get(label, "true")):
            wanted[mount.volume] = _inside(merged.get(f"{label}.path", ""))
    for key, value in merged.items():
        old = re.fullmatch(r"backupbot\.volumes\.([\w-]+)", key)
        if old and value.lower() != "false":
            wanted.setdefault(f"{stack}_{old.group(1)}", []).append("")
    return [Promise(volume, path) for volume, paths in wanted.items() for path in paths]


def take_snapshot(abra: Abra, domain: str, earlier: Iterable[Snapshot] = ()) -> Snapshot:
    """Back up an app and return the new snapshot.

    Args:
        abra: the run's.
        domain: the app's. Snapshots of an earlier app with this name have been deleted with it.
        earlier: the snapshots that this run took of it before.

    Raises:
        RecipeFailure: the backup failed, or made no snapshot of this app.
    """
    before = {one.id for one in earlier}
    begun = time.time()
    done = abra("app", "backup", "create", domain, "-n", "-o", "-C", within_seconds=_BACKUP_SECONDS)
    made = [one for one in _snapshot_ids(abra, domain) if one not in before]
    if len(made) != 1:
        raise RecipeFailure(
            f"Expected the backup to make one snapshot of {domain}; it made {len(made)}. "
            f"The last lines of abra: {' | '.join(done.stdout.splitlines()[-5:])}"
        )
    listed = abra("app", "backup", "list", domain, "-s", made[0], "-n", "-o", "-C")
    paths = [line.strip() for line in listed.stdout.splitlines() if line.strip().startswith("/")]
    return Snapshot(made[0], tuple(paths), begun)


def check_written_anew(
    earlier: tuple[Snapshot, Mapping[str, float]],
    newest: tuple[Snapshot, Mapping[str, float]],
    promises: Iterable[Promise],
) -> None:
    """Fail when a file that was written for one backup stands in the next as it was.

    A dump that a hook writes only where there is none is the same each night: the first one.

    Args:
        earlier: a snapshot, and when each of its files was written.
        newest: the same of one that was taken later.
        promises: the paths that the labels promise, and that were not there before any backup.

    Raises:
        RecipeFailure: one was not written again; the sentence names it.
    """
    (first, before), (second, after) = earlier, newest
    old = [
        promise.path
        for promise in promises
        for path, written in before.items()
        if path.endswith(f"/{promise.volume}/_data/{promise.path}")
        if written >= first.begun and after.get(path) == written
    ]
    if old:
        raise RecipeFailure(
            f"The second backup, {second.id}, has {' and '.join(old)} as it was written for the "
            f"backup before, {first.id}: what changed in between is in no backup. Let the pre-hook "
            "write it each time."
        )


def check_snapshot(snapshot: Snapshot, stack: str, promises: list[Promise]) -> None:
    """Fail unless a snapshot holds all that the labels promise, and nothing of another app.

    Raises:
        RecipeFailure: it does not, or the recipe has no backup labels.
    """
    if not promises:
        raise RecipeFailure(
            "The recipe has no backup: no service has a label 'backupbot.backup'. Add the label, "
            "or opt out of the stage in recipe.toml with the reason."
        )
    missing = [str(promise) for promise in promises if not _holds(snapshot, promise)]
    if missing:
        raise RecipeFailure(
            f"Snapshot {snapshot.id} lacks what the backup labels promise: {', '.join(missing)}. "
            f"It holds {len(snapshot.paths)} paths, the first {list(snapshot.paths[:3])}."
        )
    check_own(snapshot, stack)


def check_own(snapshot: Snapshot, stack: str) -> None:
    """Fail when a snapshot holds anything of another app.

    Raises:
        RecipeFailure: it does; the sentence has the first such path.
    """
    foreign = [p for p in snapshot.paths if not _belongs(p, stack)]
    if foreign:
        raise RecipeFailure(
            f"Snapshot {snapshot.id} holds {len(foreign)} paths that do not belong to {stack}, "
            f"the first {foreign[0]}."
        )


def restore(
    abra: Abra, domain: str, snapshot: Snapshot, meanwhile: Callable[[], None] | None = None
) -> None:
    """Restore an app from a snapshot.

    Args:
        abra: the run's.
        domain: the app's.
        snapshot: what is restored.
        meanwhile: called while abra runs; when it raises, abra is not waited for.

    Raises:
        RecipeFailure: the restore failed.
    """
    abra(
        "app", "restore", domain, "-s", snapshot.id, "-n", "-o", "-C",
        within_seconds=_BACKUP_SECONDS, meanwhile=meanwhile,
    )  # fmt: skip


def _snapshot_ids(abra: Abra, domain: str) -> list[str]:
    # For an app without snapshots abra fails here: no error for us.
    done = abra("app", "backup", "snapshots", domain, "-n", "-o", "-C", check=False)
    return [
        found.group(1)
        for line in done.stdout.splitlines()
        if (found := re.search(r"\b([0-9a-f]{8,64})\s*$", line.strip()))
    ]


def _paths(labels: dict[str, str]) -> list[str]:
    """Return the paths in its container that a service keeps."""
    named = labels.get("backupbot.backup.path", "").split(",")
    return [path.strip() for path in named if path.strip()]


def _inside(paths: str) -> list[str]:
    """Return the paths in a volume that are kept of it; all of it is one empty path."""
    return [path.strip().strip("/") for path in paths.split(",")]


def _mount_holding(path: str, service: str, mounts: list[Mount]) -> Mount:
    holding = [
        mount
        for mount in mounts
        if mount.service == service and (path + "/").startswith(mount.folder.rstrip("/") + "/")
    ]
    if not holding:
        raise RecipeFailure(
            f"Label backupbot.backup.path of service {service} names {path}, which is in none of "
            "the service's volumes: a restore could not bring it back onto a fresh deployment."
        )
    return max(holding, key=lambda mount: len(mount.folder))


def _holds(snapshot: Snapshot, promise: Promise) -> bool:
    root = f"/{promise.volume}/_data" + (f"/{promise.path}" if promise.path else "")
    wanted = re.compile(re.escape(root) + (r"(/|$)" if promise.path else r"/."))
    return any(wanted.search(path) for path in snapshot.paths)


def _belongs(path: str, stack: str) -> bool:
    if VOLUMES_ROOT.startswith(path):
        return True  # The parent folders of the volumes are listed too, without content.
    return path.startswith(f"{VOLUMES_ROOT}/{stack}_")


def _true(value: str) -> bool:
    return value.strip().lower() in ("true", "1", "yes")
