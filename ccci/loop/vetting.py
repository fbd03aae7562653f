"""The checks of a recipe's commit before it is run: by the poller, and by `make vet`."""

import tempfile
from pathlib import Path

from ccci.errors import Misuse, NodeFailure
from ccci.loop.bounded_git import BoundedGit
from ccci.loop.fetching import (
    Limits,
    Refused,
    Remote,
    fetch_commit,
    write_previous_release,
)
from ccci.loop.judging import judged
from ccci.loop.run_settings import settings_of_run
from ccci.node.server import Server
from ccci.recipe.config import RecipeConfig


def violations_in_fetched(recipe: Path, before: Path, config: RecipeConfig) -> list[str]:
    """Return the violations in a fetched commit and in the release before it.

    An upgrade deploys that release first, and then the commit with the settings of the release.

    Args:
        recipe: the repository, with the commit checked out.
        before: the folder to create for the files of the release.
        config: of the recipe: what it approves, and which settings a run sets.

    Raises:
        NodeFailure: git failed, or the node is too busy to check the files.

    Example:
        >>> violations_in_fetched(folder / "recipe", folder / "before", config)
        ... # doctest: +SKIP
        []
    """
    allowed = frozenset(config.approved.node)
    earlier = write_previous_release(recipe, before)
    return judged(recipe, earlier, allowed, settings_of_run(config))


def violations_in_commit(checkout: Path, config: RecipeConfig, commit: str = "") -> list[str]:
    """Return the violations in one commit of a checkout; empty if there are none.

    Changes that are not committed do not count: the commit is fetched into a folder of its own, and
    checked together with the release that an upgrade to it starts from.

    Args:
        checkout: a git repository with the commit and the recipe's tags.
        config: of the recipe: what it approves, and which settings a run sets.
        commit: the full hash of the commit; by default what is checked out.

    Raises:
        Misuse: the folder is not a git checkout.
        NodeFailure: git failed.

    Example:
        >>> violations_in_commit(Path("gitea"), RecipeConfig())  # doctest: +SKIP
        []
    """
    source = Remote(str(checkout.resolve()), "", "", Server(domain="nowhere.test"))
    with tempfile.TemporaryDirectory(prefix="ccci-vet-") as home:
        folder = Path(home)
        try:
            git = BoundedGit(checkout, folder, source, Limits())
            commit = commit or git.run("rev-parse", "--verify", "HEAD^{commit}").strip()
        except NodeFailure as failure:
            raise Misuse(f"{checkout} must be a checkout of a git repository: {failure}") from None
        try:
            recipe = fetch_commit(source, commit, folder / "recipe")
        except Refused as refused:
            return [str(refused)]
        return violations_in_fetched(recipe, folder / "before", config)
