"""What a commit of a recipe is judged by before it is run: by the poller, and by `make vet`."""

import tempfile
from pathlib import Path

from ccci.errors import Misuse, NodeFailure
from ccci.loop.bounded_git import BoundedGit
from ccci.loop.fetching import Limits, Refused, Remote, fetch_commit, lay_out_previous
from ccci.loop.policy import objections
from ccci.node.server import Server


def judged(recipe: Path, before: Path, allowed: frozenset[str]) -> list[str]:
    """Return what is objected to in a fetched commit, and in the release that it upgrades.

    An upgrade deploys that release, and then the commit with the release's settings.

    Args:
        recipe: the repository, with the commit laid out.
        before: a folder that is not there yet, for the files of the release.
        allowed: the approvals of this project for the recipe, by their short names.

    Example:
        >>> judged(folder / "recipe", folder / "before", approved_for("gitea"))  # doctest: +SKIP
        []
    """
    previous = lay_out_previous(recipe, before)
    found = [str(one) for one in objections(recipe, allowed, previous)]
    if previous:
        found += [f"the release before it: {one}" for one in objections(previous, allowed)]
    return found


def vetted(checkout: Path, allowed: frozenset[str], head: str = "") -> list[str]:
    """Return what is objected to in one commit of a checkout; nothing where all is well.

    Only what is committed counts: the commit is fetched as data into a folder of its own, and
    judged with the release that its upgrade begins with.

    Args:
        checkout: a git repository with the commit and the recipe's tags.
        allowed: the approvals of this project for the recipe, by their short names.
        head: the commit's full hash; without it, what is checked out.

    Raises:
        Misuse: the folder is no checkout of a git repository.
        NodeFailure: git failed.

    Example:
        >>> vetted(Path("gitea"), approved_for("gitea"))  # doctest: +SKIP
        []
    """
    source = Remote(str(checkout.resolve()), "", "", Server(domain="nowhere.test"))
    with tempfile.TemporaryDirectory(prefix="ccci-vet-") as home:
        folder = Path(home)
        try:
            git = BoundedGit(checkout, folder, source, Limits())
            commit = head or git.run("rev-parse", "--verify", "HEAD^{commit}").strip()
        except NodeFailure as failure:
            raise Misuse(f"{checkout} must be a checkout of a git repository: {failure}") from None
        try:
            recipe = fetch_commit(source, commit, folder / "recipe")
        except Refused as refused:
            return [str(refused)]
        return judged(recipe, folder / "before", allowed)
