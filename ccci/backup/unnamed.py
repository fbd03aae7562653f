"""Folders that an image declares as volumes and for which the recipe mounts none.

What an app writes there is lost with its container, at the next deployment.
"""

from collections.abc import Collection, Iterable

from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount


def check_unnamed_volumes(mounts: Iterable[Mount], excused: Collection[str] | None) -> list[str]:
    """Fail when a service keeps a folder in a volume that nobody named.

    Args:
        mounts: such volumes of the app's services.
        excused: the keys of `[let_go]` in recipe.toml, as `cache: folder /data`. None where there
            is no recipe.toml to name them: then nothing fails.

    Returns:
        What would be a failure, a sentence each, where there is no recipe.toml.

    Raises:
        RecipeFailure: recipe.toml gives no reason for one; the sentence names it.

    Example:
        ``check_unnamed_volumes(unnamed_mounts_of(swarm, stack), config.let_go)``
    """
    found = {f"{mount.service}: folder {mount.folder}": mount for mount in mounts}
    lost = {
        key: f"What service '{mount.service}' writes to {mount.folder} is lost with its container: "
        "the image declares a volume there, and the recipe mounts none."
        for key, mount in found.items()
        if key not in (excused or ())
    }
    if lost and excused is not None:
        keys = ", ".join(f'"{key}"' for key in lost)
        raise RecipeFailure(
            f"{' '.join(lost.values())} Mount a volume there; or if nothing there need be kept, "
            f"name it in [let_go] of recipe.toml with the reason, by {keys}."
        )
    return list(lost.values())
