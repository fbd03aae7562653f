"""Takes a backup of one stack: pre-hooks, the check of what was promised, restic, post-hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import Protocol

from backupbot.errors import BackupError
from backupbot.hooks import Containers, HookRunner
from backupbot.plan import VOLUMES_ROOT, BackupPlan, Promise, Stack, hooks, plan_backup


class SnapshotTaker(Protocol):
    """What a backup needs of the repository; see restic.Repository."""

    def backup(self, stack: str, version: str, paths: Sequence[str]) -> str: ...

    def forget(self, snapshot: str) -> None: ...


def create(
    stack: Stack,
    swarm: Containers,
    repository: SnapshotTaker,
    say: Callable[[str], None],
    retries: int = 1,
    with_hooks: bool = True,
) -> str:
    """Back up a stack; returns the id of its snapshot.

    Args:
        stack: the stack as deployed now.
        swarm: where hooks run.
        repository: where the snapshot goes.
        say: takes a line of progress.
        retries: how often restic is tried again when it could not read everything.
        with_hooks: False leaves the hooks out.

    Raises:
        BackupError: if anything that the labels promise did not happen. Then there is no new
            snapshot, and the post-hooks of services whose pre-hooks ran have run: the original
            bot goes on after such failures and keeps a snapshot that looks successful.
    """
    plan = plan_backup(stack)
    _announce(plan, say)
    before, after = hooks(stack, "backup") if with_hooks else ((), ())
    runner = HookRunner(swarm, say)
    snapshot = ""
    try:
        runner.run("backup pre-hook", before)
        require_promised(plan.promises, say)
        snapshot = _take(plan, repository, say, retries)
        runner.check_same_containers()
    except BaseException:  # an interrupt too must not leave an app in the state of its pre-hook
        begun = runner.services_that_ran()
        for problem in runner.run_all(
            "backup post-hook", [hook for hook in after if hook.service.name in begun]
        ):
            say(f"after the failure: {problem}")
        _withdraw(snapshot, repository, say)
        raise
    problems = runner.run_all("backup post-hook", after)
    if problems:
        _withdraw(snapshot, repository, say)
        raise BackupError("\n".join(problems))
    return snapshot


def _announce(plan: BackupPlan, say: Callable[[str], None]) -> None:
    say(f"backing up {plan.stack.name} ({plan.stack.version})")
    for promise in plan.promises:
        say(f"  {promise}")
    for remark in plan.remarks:
        say(f"warning: {remark}")


def require_promised(
    promises: Sequence[Promise], say: Callable[[str], None], root: PurePath = VOLUMES_ROOT
) -> None:
    """Assert that what is promised is there, once the pre-hooks have written their dumps.

    Raises:
        BackupError: naming each promise that is not there, or is only a link.
    """
    missing = []
    for promise in promises:
        path = Path(root / promise.inside_root)
        if path.is_symlink():
            raise BackupError(
                f"{promise} is a symbolic link, and a snapshot would hold the link alone: name "
                f"what it points to"
            )
        if not path.exists():
            missing.append(str(promise) if promise.path else f"volume {promise.volume}")
        elif path.is_file() and path.stat().st_size == 0:
            say(f"warning: {promise} is an empty file")
    if missing:
        raise BackupError("promised by a label and not there: " + "; ".join(missing))


def _take(
    plan: BackupPlan, repository: SnapshotTaker, say: Callable[[str], None], retries: int
) -> str:
    paths = [str(promise.full_path) for promise in plan.promises]
    for attempt in range(retries + 1):
        try:
            return repository.backup(plan.stack.name, plan.stack.version, paths)
        except BackupError as failure:
            # A file of a live app may go while it is read; the next attempt finds a stable view.
            if attempt == retries:
                raise
            say(f"{failure}; trying again")
    raise BackupError("RETRIES is below zero")


def _withdraw(snapshot: str, repository: SnapshotTaker, say: Callable[[str], None]) -> None:
    if not snapshot:
        return
    try:
        repository.forget(snapshot)
        say(f"snapshot {snapshot[:8]} was removed again: the backup is not whole")
    except BackupError as failure:
        say(f"warning: snapshot {snapshot[:8]} is not whole, and could not be removed: {failure}")
