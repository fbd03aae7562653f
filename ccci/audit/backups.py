"""Defects of backups: labels that are lost, and hooks that do not do what they should."""

import shlex
from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import BACKUP, UPGRADE, Broken

_PREFIX = "backupbot."


def backup_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each backup label dropped, and each hook broken."""
    for service in recipe.services:
        labels = {k: v for k, v in recipe.labels(service).items() if k.startswith(_PREFIX)}
        for key, value in labels.items():
            if key.endswith("-hook"):
                # Without its label there is no hook: that comes to the same.
                yield _with(recipe, service, key, "true", f"{key} does nothing")
            else:
                # A path that is lost may bring more back than before: the release had less.
                lost = _with(recipe, service, key, None, f"label {key} is lost")
                yield lost._replace(stages=(*BACKUP, *UPGRADE))
            if key.endswith("backup.pre-hook"):
                yield from _bad_dumps(recipe, service, key, value)


def _bad_dumps(recipe: Draft, service: str, key: str, hook: str) -> Iterator[Broken]:
    """Yield a dump that is empty, one that is never replaced, and one made before the data was."""
    for path in _dumps(recipe, service):
        file = shlex.quote(path)
        empty = f"sh -c {shlex.quote(f'{hook} && : > {file}')}"
        yield _with(recipe, service, key, empty, f"the dump {path} is empty")
        once = f"test -s {file} || {hook}"
        kept = f"sh -c {shlex.quote(once)}"
        first = _with(recipe, service, key, kept, f"the dump {path} stays that of the first backup")
        yield first._replace(stages=(*BACKUP, *UPGRADE))
        stale = _with(recipe, service, key, kept, f"the dump {path} is an old one")
        # A backup that ran once before: here it is the first health check that makes the dump.
        check = stale.draft.main(service).get("healthcheck") or {}
        test = _as_shell(check.get("test"))
        if test:
            check["test"] = ["CMD-SHELL", f"{test} && {{ {once}; }}"]
            yield stale


def _dumps(recipe: Draft, service: str) -> Iterator[str]:
    """Yield the files that a service's backup labels name."""
    mounts = dict(recipe.mounts(service))
    for key, value in recipe.labels(service).items():
        words = key.split(".")
        if key == "backupbot.backup.path" or key.startswith("backupbot.backup.path."):
            yield from value.split(",")
        elif key.startswith("backupbot.backup.volumes.") and key.endswith(".path"):
            yield from (f"{mounts[name]}/{value}" for name in words[3:4] if name in mounts)


def _as_shell(test: object) -> str:
    if isinstance(test, str):
        return test
    if not isinstance(test, list) or len(test) < 2:
        return ""
    kind, *words = map(str, test)
    return words[0] if kind == "CMD-SHELL" else shlex.join(words) if kind == "CMD" else ""


def _with(recipe: Draft, service: str, key: str, value: str | None, name: str) -> Broken:
    draft = recipe.copy()
    draft.set_label(service, key, value)
    return Broken(f"{service}: {name}", draft, BACKUP)
