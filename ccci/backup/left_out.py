"""The volumes that a recipe's backup labels leave out, or keep a part of: each needs a reason.

A label that leaves a volume out would otherwise narrow what it is itself held to. What an app keeps
is said by the volumes that its services mount; what of it need not come back, by recipe.toml.
"""

from collections.abc import Collection, Iterable, Sequence

from ccci.backup.labels import Promise
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import Service

# What runs before the backup, to write a dump into the part that is kept.
_DUMPS = "backupbot.backup.pre-hook"
# The labels that leave a volume out by its name.
_BY_NAME = ("backupbot.backup.volumes", "backupbot.volumes")


def check_left_out(
    services: Sequence[Service],
    mounts: Iterable[Mount],
    promises: Collection[Promise],
    stack: str,
    may_be: Collection[str] | None,
) -> list[str]:
    """Fail when the labels leave a volume out, or keep a part that no hook wrote.

    Args:
        services: the app's, with their labels.
        mounts: their volumes.
        promises: what the labels promise.
        stack: the app's stack.
        may_be: the volumes that `[not_in_backup]` of recipe.toml names. None where there is no
            recipe.toml to name them: then only a label that leaves a volume out by its name fails.

    Returns:
        What else is left out, a sentence each.

    Raises:
        RecipeFailure: recipe.toml gives no reason for one; the sentence names it.
    """
    dumping = {one.short_name for one in services if one.labels.get(_DUMPS, "").strip()}
    labels = [pair for one in services for pair in one.labels.items()]
    off = {key for key, value in labels if value.strip().lower() not in ("true", "1", "yes")}
    findings: list[str] = []
    notes: list[str] = []
    for volume, users in _users_of(mounts).items():
        name = volume.removeprefix(f"{stack}_")
        paths = {promise.path for promise in promises if promise.volume == volume}
        sentence = ""
        if not paths:
            sentence = f"volume {name} (of {', '.join(sorted(users))}) is not kept"
        elif "" not in paths and not users & dumping:
            kept = ", ".join(sorted(paths))
            sentence = f"of volume {name} only {kept} is kept, and no pre-hook writes a dump"
        by_name = off & {f"{form}.{name}" for form in _BY_NAME}
        if sentence and name not in (may_be or ()):
            (notes if may_be is None and not by_name else findings).append(sentence)
    if findings:
        raise RecipeFailure(
            f"The backup labels leave something out: {'; '.join(findings)}. Keep the volume, or "
            "name it in [not_in_backup] of recipe.toml, with the reason why it need not come back."
        )
    return notes


def _users_of(mounts: Iterable[Mount]) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for mount in mounts:
        users.setdefault(mount.volume, set()).add(mount.service)
    return users
