"""Backs up a stack: runs pre-hooks, fetches what is promised, runs restic and post-hooks."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from backupbot.carry import LIVE_ROOT, OWN_ROOT, carry, look, own_folder
from backupbot.errors import BackupError
from backupbot.hooks import Containers, HookRunner
from backupbot.plan import BackupPlan, Promise, Stack, hooks, plan_backup


class SnapshotTaker(Protocol):
    """The methods of the repository that a backup uses; see restic.Repository."""

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
    """Back up a stack; return the id of its snapshot.

    Args:
        stack: the stack as it is deployed.
        swarm: runs the hooks.
        repository: stores the snapshot.
        say: is called with each line of progress.
        retries: how often to run restic again if it failed.
        with_hooks: whether to run hooks.

    Raises:
        BackupError: a hook failed, a promised path does not exist, or restic failed. There is no
            new snapshot then, and the post-hooks of the services whose pre-hooks were started have
            been run.
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
    except BaseException:  # An interrupt, too: an app must not stay in the state of its pre-hook.
        started = runner.services_that_ran()
        for problem in runner.run_all(
            "backup post-hook", [hook for hook in after if hook.service.name in started]
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
    promises: Sequence[Promise], say: Callable[[str], None], root: Path = LIVE_ROOT
) -> None:
    """Check that all promised paths exist; call this after the pre-hooks.

    Raises:
        BackupError: a path does not exist, or goes through a symbolic link; the message names it.
    """
    missing = []
    for promise in promises:
        about = look(root, promise.inside_root)
        if about is None:
            missing.append(str(promise) if promise.path else f"volume {promise.volume}")
        elif stat.S_ISREG(about.st_mode) and about.st_size == 0:
            say(f"warning: {promise} is an empty file")
    if missing:
        raise BackupError("promised by a label and not there: " + "; ".join(missing))


def _take(
    plan: BackupPlan, repository: SnapshotTaker, say: Callable[[str], None], retries: int
) -> str:
    paths = [promise.inside_root for promise in plan.promises]
    volumes = [promise.volume for promise in plan.promises]
    with own_folder(plan.stack.name, volumes, OWN_ROOT):
        carry(LIVE_ROOT, OWN_ROOT, paths)
        for attempt in range(retries + 1):
            try:
                return repository.backup(
                    plan.stack.name,
                    plan.stack.version,
                    [str(promise.full_path) for promise in plan.promises],
                )
            except BackupError as failure:
                # A repository that is not on this machine may be out of reach for a moment.
                if attempt == retries:
                    raise
                say(f"{failure}; trying again")
    raise BackupError("RETRIES is negative")


def _withdraw(snapshot: str, repository: SnapshotTaker, say: Callable[[str], None]) -> None:
    if not snapshot:
        return
    try:
        repository.forget(snapshot)
        say(f"snapshot {snapshot[:8]} was removed again: the backup is not complete")
    except BackupError as failure:
        say(
            f"warning: snapshot {snapshot[:8]} is not complete, and could not be removed: {failure}"
        )
