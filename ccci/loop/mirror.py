"""`python -m ccci.loop.mirror <recipe>`: a recipe's repository, copied into the organisation.

Branches and tags are copied, and nothing that is there is ever moved back or removed: pull requests
stand on it.
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
# What git's porcelain says of a ref that went another way here than upstream.
_OURS = ("(fetch first)", "(non-fast-forward)", "(already exists)", "(needs force)")


class NoUpstream(NodeFailure):
    """What is to be mirrored cannot be read where it should be."""


@dataclass(frozen=True)
class _Pushed:
    """What a push changed on the forge, and what it left as it was there."""

    changed: tuple[str, ...]
    kept: tuple[str, ...]


def mirror(forge: Forge, settings: ForgeSettings, recipe: str) -> str:
    """Copy a recipe's branches and tags into the organisation; make its repository if need be.

    A second call copies what is new. A branch that went another way here stays as it is here.

    Args:
        forge: to make the repository on.
        settings: of that forge; `upstream` says where recipes come from.
        recipe: its name.

    Returns:
        One sentence: what was done.

    Raises:
        NoUpstream: the recipe cannot be read upstream; nothing was made.
        ForgeUnreachable: the forge does not answer.
        ForgeRefused: it does not take the repository; none that this call made is left.

    Example:
        >>> mirror(forge, settings, "custom-html")  # doctest: +SKIP
        'custom-html is mirrored from https://...: made anew, with 3 branches and tags.'
    """
    check_recipe_name(recipe)
    upstream = settings.upstream.replace("{recipe}", recipe)
    with _work_folder(recipe) as folder:
        copy = folder / "copy"
        branch = _clone(RemoteGit(load_server(), folder), upstream, copy)
        git = RemoteGit(forge.trust, folder, Account(settings.user, settings.token()))
        made = forge.default_branch(recipe) is None
        if made:
            forge.create_repository(recipe, private=True)
        try:
            pushed = _fill(forge, git, recipe, copy, branch)
        except BaseException as error:
            if made:
                forge.remove_repository(recipe)
            elif isinstance(error, ForgeRefused):
                # git says the same of a forge that is away: this raises ForgeUnreachable then.
                forge.default_branch(recipe)
            raise
    return _told(recipe, upstream, made, pushed)


@contextmanager
def _work_folder(recipe: str) -> Iterator[Path]:
    """A private folder for one mirror at a time; what a killed one left in it is removed first."""
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
    """Copy all refs of a repository, and return the branch that it shows first."""
    words = ["clone", "--mirror", "--quiet", "--no-local", "--template=", "--", upstream, str(copy)]
    done = git.run(upstream, *words)
    if done.code:
        raise NoUpstream(f"{upstream} cannot be read: {done.words}. Nothing was made of it.")
    found = git.run(upstream, "for-each-ref", "--format=%(refname:short)", "refs/heads", at=copy)
    branches = found.output.split()
    head = git.run(upstream, "symbolic-ref", "--quiet", "--short", "HEAD", at=copy).output.strip()
    for branch in (head, *_USUAL_BRANCHES, *branches):
        if branch in branches:
            return branch
    raise NoUpstream(f"{upstream} has no branch. Nothing was made of it.")


def _fill(forge: Forge, git: RemoteGit, recipe: str, copy: Path, branch: str) -> _Pushed:
    """Push everything; into an empty repository, the branch that it is to show comes first."""
    url = forge.clone_url(recipe)
    if not forge.is_empty(recipe):
        return _push(git, url, copy, *_ALL)
    first = _push(git, url, copy, f"refs/heads/{branch}:refs/heads/{branch}")
    _wait_until_shown(forge, recipe, branch)
    rest = _push(git, url, copy, *_ALL)
    return _Pushed(first.changed + rest.changed, rest.kept)


def _wait_until_shown(forge: Forge, recipe: str, branch: str) -> None:
    """The forge takes note of a push a moment after it: its API knows no branch until then."""

    def shown() -> Look:
        there = "nothing" if forge.is_empty(recipe) else forge.default_branch(recipe)
        return Look(there == branch, f"it shows {there}")

    try:
        wait_for(f"branch {branch} of {recipe} on the forge", shown, _SHOWN_SECONDS)
    except TooLate as late:
        raise ForgeUnreachable(f"The forge took no note of a push: {late}") from None


def _push(git: RemoteGit, url: str, copy: Path, *refs: str) -> _Pushed:
    done = git.run(url, "push", "--porcelain", url, *refs, at=copy)
    rows = [row.split("\t") for row in done.output.splitlines() if row.count("\t") >= 2]
    refused = [row for row in rows if row[0] == "!"]
    stays = [row for row in refused if row[2].endswith(_OURS)]
    if done.code and (len(stays) < len(refused) or not refused):
        why = "; ".join(f"{_name(row[1])} {row[2]}" for row in refused if row not in stays)
        raise ForgeRefused(f"The forge took no push to {url}: {why or done.words}.", 0)
    changed = tuple(_name(row[1]) for row in rows if row[0] in ("*", " "))
    return _Pushed(changed, tuple(_name(row[1]) for row in stays))


def _name(refs: str) -> str:
    """The name in a porcelain's `from:to`: the tag or branch, without its namespace."""
    return refs.partition(":")[2].removeprefix("refs/heads/").removeprefix("refs/tags/")


def _told(recipe: str, upstream: str, made: bool, pushed: _Pushed) -> str:
    what = f"made anew, with {len(pushed.changed)} branches and tags" if made else "nothing new"
    if pushed.changed and not made:
        what = f"new: {', '.join(pushed.changed)}"
    if pushed.kept:
        what += f"; left as it is on the forge: {', '.join(pushed.kept)}"
    return f"{recipe} is mirrored from {upstream}: {what}."


@click.command(help="Copy a recipe's repository into the organisation on the forge.")
@click.argument("recipe")
def main(recipe: str) -> None:
    """Mirror one recipe and say what was done."""
    try:
        settings = load_forge_settings()
        click.echo(mirror(Forge(settings, load_server()), settings, recipe))
    except CcciError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
