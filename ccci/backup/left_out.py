"""The volumes that a recipe's backup labels leave out, or keep a part of: each needs a reason.

A label that leaves a volume out would otherwise narrow what it is itself held to. What an app keeps
is said by the volumes that its services mount; what of it need not come back, by recipe.toml.
"""

from collections.abc import Collection, Iterable

from ccci.backup.labels import Promise
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import Service

# What runs before the backup, to write a dump into the part that is kept.
_DUMPS = "backupbot.backup.pre-hook"


def check_left_out(
    services: Iterable[Service],
    mounts: Iterable[Mount],
    promises: Collection[Promise],
    stack: str,
    may_be: Collection[str],
) -> None:
    """Fail when the labels leave a volume out, or keep a part that no hook wrote.

    Args:
        services: the app's, with their labels.
        mounts: their volumes.
        promises: what the labels promise.
        stack: the app's stack.
        may_be: the volumes that `[not_in_backup]` of recipe.toml names.

    Raises:
        RecipeFailure: recipe.toml gives no reason for one; the sentence names it.
    """
    dumping = {one.short_name for one in services if one.labels.get(_DUMPS, "").strip()}
    found = []
    for volume, users in _users_of(mounts).items():
        name = volume.removeprefix(f"{stack}_")
        paths = {promise.path for promise in promises if promise.volume == volume}
        if name in may_be:
            continue
        if not paths:
            found.append(f"volume {name} (of {', '.join(sorted(users))}) is not kept")
        elif "" not in paths and not users & dumping:
            kept = ", ".join(sorted(paths))
            found.append(f"of volume {name} only {kept} is kept, and no pre-hook writes a dump")
    if found:
        raise RecipeFailure(
            f"The backup labels leave something out: {'; '.join(found)}. Keep the volume, or name "
            "it in [not_in_backup] of recipe.toml, with the reason why it need not come back."
        )


def _users_of(mounts: Iterable[Mount]) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {}
    for mount in mounts:
        users.setdefault(mount.volume, set()).add(mount.service)
    return users
