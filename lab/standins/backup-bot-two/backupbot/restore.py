"""Restores one stack from one of its snapshots.

As with the original bot, nothing is deleted: a file that came after the snapshot stays. Whoever
needs a volume to be exactly the snapshot removes the volume and deploys the app afresh first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """What of a snapshot to restore, and where to; empty means all of it.

    `containers` are short service names, `volumes` volume names with or without the stack,
    `include` a path in the snapshot.
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
        stack: the stack as deployed now, or None if it is not.
        snapshot: one of this stack's own.
        swarm: where hooks run.
        repository: where the snapshot is.
        say: takes a line of progress.
        choice: what to restore.

    Raises:
        BackupError: at the first thing that fails; what comes after it is not done. A post-hook
            loads the dump that was restored, so after a failed restore it would load an old one
            over live data.
    """
    if stack is None and (choice.with_hooks or choice.containers):
        raise BackupError(
            f"{snapshot.stack} is not deployed: deploy it first (its restore hooks run in its "
            f"containers), or set NO_COMMANDS=true to restore the files alone"
        )
    mounted = None
    if stack is not None and choice.containers:
        mounted = volumes_of_services(stack, choice.containers)
    paths = select_paths(snapshot.stack, snapshot.paths, choice.volumes, mounted)
    if choice.include:
        paths = narrow(repository, snapshot, paths, choice.include)
    if choice.target == "/":
        _require_volumes(paths)
    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()
    if stack is not None and choice.with_hooks:
        before, after = hooks(stack, "restore", choice.containers)
    say(f"restoring {snapshot.stack} from snapshot {snapshot.short_id} of {snapshot.time:%F %T %Z}")
    for path in paths:
        say(f"  {path}")
    runner = HookRunner(swarm, say)
    runner.run("restore pre-hook", before)
    repository.restore(snapshot, choice.target, paths)
    runner.run("restore post-hook", after)


def narrow(
    repository: Repository, snapshot: Snapshot, paths: Sequence[str], include: str
) -> tuple[str, ...]:
    """The parts of a snapshot's `paths` at or below `include`.

    Raises:
        BackupError: if the snapshot has nothing there.
    """
    wanted = include.rstrip("/")
    inside = tuple(path for path in paths if f"{path}/".startswith(f"{wanted}/"))
    if inside:
        return inside
    held = any(f"{wanted}/".startswith(f"{path}/") for path in paths)
    if held and any(node.path == wanted for node in repository.nodes(snapshot)):
        return (wanted,)
    raise BackupError(f"snapshot {snapshot.short_id} holds nothing at {include}")


def _require_volumes(paths: Sequence[str]) -> None:
    """restic would make a folder for a volume that Docker does not know: refuse that."""
    gone = sorted({v for v in map(volume_of, paths) if not Path(VOLUMES_ROOT / v).is_dir()})
    if gone:
        raise BackupError(
            f"no such volume on this server: {', '.join(gone)}; deploy the app first, or choose "
            f"others with VOLUMES="
        )
