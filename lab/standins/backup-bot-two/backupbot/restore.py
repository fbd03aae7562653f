"""Restores a stack from one of its snapshots.

As with the original bot, nothing is deleted: files that are newer than the snapshot are kept. To
get exactly the content of the snapshot, first remove the volume and deploy the app again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from backupbot.carry import LIVE_ROOT, OWN_ROOT, carry, own_folder
from backupbot.errors import BackupError
from backupbot.hooks import Containers, HookRunner
from backupbot.plan import (
    VOLUMES_ROOT,
    Hook,
    Stack,
    hooks,
    select_paths,
    volume_of,
    volumes_of_services,
)
from backupbot.restic import Repository, Snapshot


@dataclass(frozen=True)
class RestoreChoice:
    """What to restore from a snapshot, and where.

    Attributes:
        target: the folder to restore to; "/" to restore in place.
        volumes: the volumes to restore, with or without the name of the stack; empty for all.
        containers: the short names of the services to restore; empty for all.
        include: a path in the snapshot; "" for everything.
        with_hooks: whether to run hooks.
    """

    target: str = "/"
    volumes: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    include: str = ""
    with_hooks: bool = True


def restore(
    stack: Stack | None,
    snapshot: Snapshot,
    swarm: Containers,
    repository: Repository,
    say: Callable[[str], None],
    choice: RestoreChoice,
) -> None:
    """Restore a snapshot: restore pre-hooks, restic, restore post-hooks.

    Args:
        stack: the stack as it is deployed, or None.
        snapshot: a snapshot of this stack.
        swarm: runs the hooks.
        repository: the repository with the snapshot.
        say: is called with each line of progress.
        choice: what to restore.

    Raises:
        BackupError: a step failed, or a link of the app stands where the snapshot has a folder;
            the following steps are not run. A post-hook loads the dump that was restored: after a
            failure, it could replace live data by an old dump.
    """
    if stack is None and (choice.with_hooks or choice.containers):
        raise BackupError(
            f"{snapshot.stack} is not deployed: deploy it first, since the restore hooks run in "
            f"its containers, or set NO_COMMANDS=true to restore the files only"
        )
    mounted = None
    if stack is not None and choice.containers:
        mounted = volumes_of_services(stack, choice.containers)
    paths = select_paths(snapshot.stack, snapshot.paths, choice.volumes, mounted)
    if choice.include:
        paths = narrow(repository, snapshot, paths, choice.include)
    if choice.target == "/":
        _require_volumes(paths)
    elif PurePosixPath("/", choice.target).is_relative_to(LIVE_ROOT) or ".." in choice.target:
        raise BackupError(f"TARGET={choice.target} may be in a volume: choose another folder")
    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()
    if stack is not None and choice.with_hooks:
        before, after = hooks(stack, "restore", choice.containers)
    say(f"restoring {snapshot.stack} from snapshot {snapshot.short_id} of {snapshot.time:%F %T %Z}")
    for path in paths:
        say(f"  {path}")
    runner = HookRunner(swarm, say)
    runner.run("restore pre-hook", before)
    if choice.target == "/":
        _restore_in_place(snapshot, repository, paths)
    else:
        repository.restore(snapshot, choice.target, paths)
    runner.run("restore post-hook", after)


def _restore_in_place(snapshot: Snapshot, repository: Repository, paths: Sequence[str]) -> None:
    """Restore to where no link of an app stands, and carry it into the volumes from there."""
    with own_folder(snapshot.stack, sorted(set(map(volume_of, paths))), OWN_ROOT):
        repository.restore(snapshot, "/", paths)
        carry(
            OWN_ROOT, LIVE_ROOT, [PurePosixPath(path).relative_to(VOLUMES_ROOT) for path in paths]
        )


def narrow(
    repository: Repository, snapshot: Snapshot, paths: Sequence[str], include: str
) -> tuple[str, ...]:
    """Return the parts of a snapshot's paths that are in `include`.

    Raises:
        BackupError: the snapshot has nothing there.
    """
    wanted = include.rstrip("/")
    inside = tuple(path for path in paths if f"{path}/".startswith(f"{wanted}/"))
    if inside:
        return inside
    in_paths = any(f"{wanted}/".startswith(f"{path}/") for path in paths)
    if in_paths and any(node.path == wanted for node in repository.nodes(snapshot)):
        return (wanted,)
    raise BackupError(f"snapshot {snapshot.short_id} has nothing at {include}")


def _require_volumes(paths: Sequence[str]) -> None:
    """Raise if a volume does not exist, as restic would create a folder that Docker ignores."""
    missing = sorted({v for v in map(volume_of, paths) if not (LIVE_ROOT / v / "_data").is_dir()})
    if missing:
        raise BackupError(
            f"no such volume on this server: {', '.join(missing)}; deploy the app first, or choose "
            f"other volumes with VOLUMES="
        )
