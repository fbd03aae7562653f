"""`python -m ccci.loop.mirror <recipe>`: copies a recipe's repository into the organisation.

Branches and tags are copied. Those that exist on the forge are never moved back or removed, because
pull requests build on them.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from ccci.errors import CcciError, NodeFailure
from ccci.loop.forge import Forge, ForgeRefused, ForgeUnreachable
from ccci.loop.remote_git import RemoteGit
from ccci.loop.settings import ForgeSettings, load_forge_settings
from ccci.node.locks import locked
from ccci.node.server import load_server
from ccci.node.state import private_dir
from ccci.recipe.config import check_recipe_name
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.accounts import Account

_LOCK_SECONDS = 1800.0
_SHOWN_SECONDS = 60.0
_ALL = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
_USUAL_BRANCHES = ("main", "master")
# What `git push --porcelain` says about a ref that differs from upstream.
_DIVERGED = ("(fetch first)", "(non-fast-forward)", "(already exists)", "(needs force)")


class NoUpstream(NodeFailure):
    """The upstream repository cannot be read."""


@dataclass(frozen=True)
class _Pushed:
    """The refs that a push changed on the forge, and those that it did not change."""

    changed: tuple[str, ...]
    kept: tuple[str, ...]


def mirror(forge: Forge, settings: ForgeSettings, recipe: str) -> str:
    """Copy a recipe's branches and tags into the organisation; create its repository if necessary.

    A second call copies what is new. A branch that has diverged stays as it is on the forge.

    Args:
        forge: the forge to copy to.
        settings: its settings; `upstream` is where recipes are copied from.
        recipe: the name of the recipe.

    Returns:
        one sentence on what was done.

    Raises:
        NoUpstream: the upstream repository cannot be read; nothing was created.
        ForgeUnreachable: the forge does not answer.
        ForgeRefused: the forge refused the push; a repository that this call created is removed.

    Example:
        >>> mirror(forge, settings, "custom-html")  # doctest: +SKIP
        'custom-html is mirrored from https://...: created with 3 branches and tags.'
    """
    check_recipe_name(recipe)
    upstream = settings.upstream.replace("{recipe}", recipe)
    with _work_folder(recipe) as folder:
        copy = folder / "copy"
        branch = _clone(RemoteGit(load_server(), folder), upstream, copy)
        git = RemoteGit(forge.trust, folder, Account(settings.user, settings.token()))
        created = forge.default_branch(recipe) is None
        if created:
            forge.create_repository(recipe, private=True)
        try:
            pushed = _fill(forge, git, recipe, copy, branch)
        except BaseException as error:
            if created:
                forge.remove_repository(recipe)
            elif isinstance(error, ForgeRefused):
                # git's error is the same if the forge is down: then this raises ForgeUnreachable.
                forge.default_branch(recipe)
            raise
    return _summary(recipe, upstream, created, pushed)


@contextmanager
def _work_folder(recipe: str) -> Iterator[Path]:
    """Make a private folder, for one call at a time; leftovers of a killed call are removed."""
    home = private_dir("loop", "mirrors")
    with locked(home / f"{recipe}.lock", _LOCK_SECONDS):
        folder = home / recipe
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _clone(git: RemoteGit, upstream: str, copy: Path) -> str:
    """Copy all refs of a repository, and return its default branch."""
    clone = ["clone", "--mirror", "--quiet", "--no-local", "--template=", "--", upstream, str(copy)]
    done = git.run(upstream, *clone)
    if done.code:
        raise NoUpstream(f"Cannot read {upstream}: {done.error}. Nothing was mirrored.")
    found = git.run(upstream, "for-each-ref", "--format=%(refname:short)", "refs/heads", at=copy)
    branches = found.output.split()
    default = git.run(upstream, "symbolic-ref", "--quiet", "--short", "HEAD", at=copy)
    for branch in (default.output.strip(), *_USUAL_BRANCHES, *branches):
        if branch in branches:
            return branch
    raise NoUpstream(f"{upstream} has no branch. Nothing was mirrored.")


def _fill(forge: Forge, git: RemoteGit, recipe: str, copy: Path, branch: str) -> _Pushed:
    """Push everything; into an empty repository push the default branch first."""
    url = forge.clone_url(recipe)
    if not forge.is_empty(recipe):
        return _push(git, url, copy, *_ALL)
    first = _push(git, url, copy, f"refs/heads/{branch}:refs/heads/{branch}")
    _wait_until_default(forge, recipe, branch)
    rest = _push(git, url, copy, *_ALL)
    return _Pushed(first.changed + rest.changed, rest.kept)


def _wait_until_default(forge: Forge, recipe: str, branch: str) -> None:
    """Wait until the forge has processed the push; until then its API shows no branch."""

    def shown() -> Look:
        seen = "no branch" if forge.is_empty(recipe) else forge.default_branch(recipe)
        return Look(seen == branch, f"it shows {seen}")

    try:
        wait_for(f"branch {branch} of {recipe} on the forge", shown, _SHOWN_SECONDS)
    except TooLate as late:
        raise ForgeUnreachable(f"The forge did not process a push: {late}") from None


def _push(git: RemoteGit, url: str, copy: Path, *refs: str) -> _Pushed:
    done = git.run(url, "push", "--porcelain", url, *refs, at=copy)
    rows = [row.split("\t") for row in done.output.splitlines() if row.count("\t") >= 2]
    refused = [row for row in rows if row[0] == "!"]
    diverged = [row for row in refused if row[2].endswith(_DIVERGED)]
    if done.code and (len(diverged) < len(refused) or not refused):
        why = "; ".join(f"{_name(row[1])} {row[2]}" for row in refused if row not in diverged)
        raise ForgeRefused(f"The forge refused a push to {url}: {why or done.error}.", 0)
    changed = tuple(_name(row[1]) for row in rows if row[0] in ("*", " "))
    return _Pushed(changed, tuple(_name(row[1]) for row in diverged))


def _name(refs: str) -> str:
    """Return the branch or tag of `from:to`, without refs/heads/ or refs/tags/."""
    return refs.partition(":")[2].removeprefix("refs/heads/").removeprefix("refs/tags/")


def _summary(recipe: str, upstream: str, created: bool, pushed: _Pushed) -> str:
    what = f"created with {len(pushed.changed)} branches and tags" if created else "nothing new"
    if pushed.changed and not created:
        what = f"new: {', '.join(pushed.changed)}"
    if pushed.kept:
        what += f"; differs from upstream and was not changed: {', '.join(pushed.kept)}"
    return f"{recipe} is mirrored from {upstream}: {what}."


@click.command(help="Copy a recipe's repository into the organisation on the forge.")
@click.argument("recipe")
def main(recipe: str) -> None:
    """Mirror one recipe and print what was done."""
    try:
        settings = load_forge_settings()
        click.echo(mirror(Forge(settings, load_server()), settings, recipe))
    except CcciError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
