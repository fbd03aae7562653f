"""A pull request's commit, fetched as data: nothing of its repository is run or obeyed here.

git is told by us alone: no hook, filter, submodule, template or setting counts, neither the
repository's nor the machine's. The tree is judged before a file of it is written.
"""

import re
import shutil
import tempfile
import urllib.parse
from contextlib import closing
from pathlib import Path

from ccci.errors import Misuse, NodeFailure
from ccci.loop.bounded_git import BoundedGit, Remote
from ccci.loop.trees import Limits, Refused, require_harmless
from ccci.node.server import Server
from ccci.recipe.checkout import PLAIN_ATTRIBUTES
from ccci.recipe.release import releases_in

__all__ = ["Gone", "Limits", "Refused", "Remote", "fetch_commit", "lay_out_previous"]

_LIMITS = Limits()
_IS_GONE = re.compile(r"not our ref|unadvertised object|no such remote ref|couldn't find remote")


class Gone(Refused):
    """The commit is not in the repository any more."""


def fetch_commit(source: Remote, commit: str, into: Path, limits: Limits = _LIMITS) -> Path:
    """Fetch one commit with all tags into a repository of its own, and lay its files out.

    Args:
        source: where from.
        commit: its full hash.
        into: the new folder; nothing is left of it when this fails.
        limits: how much is taken.

    Returns:
        `into`: a repository with the commit as its branch main, as `ccci.recipe.checkout` takes it.

    Raises:
        Refused: the commit is gone (`Gone`), or its tree or that of the release before it holds
            what is not taken; the sentence names the file.
        NodeFailure: the network or the forge failed, or it took too long.
        Misuse: the hash or the address is none.

    Example:
        >>> remote = Remote("https://git.example.org/recipes/x.git", "ci", token, server)
        ... # doctest: +SKIP
        >>> fetch_commit(remote, "75826ae...", Path("/run/ccci/7/recipe"))
        ... # doctest: +SKIP
    """
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise Misuse(f"{commit!r} is no commit's full hash: 40 digits from 0 to f.")
    _require_address(source.url)
    into.parent.mkdir(parents=True, exist_ok=True)
    into.mkdir(mode=0o700)
    try:
        with tempfile.TemporaryDirectory(prefix="ccci-git-") as home:
            git = BoundedGit(into, Path(home), source, limits)
            git.run("init", "--quiet", "--template=", "--initial-branch=main", ".")
            info = into / ".git" / "info"
            info.mkdir()
            (info / "attributes").write_text(PLAIN_ATTRIBUTES, encoding="ascii")
            _download(git, source.url, commit)
            _judge(git, commit, f"commit {commit[:7]}")
            previous = _previous(git, commit)
            if previous:
                _judge(git, f"refs/tags/{previous}", f"release {previous}")
            git.run("update-ref", "refs/heads/main", commit)
            git.lay_out(commit, into)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return into


def lay_out_previous(fetched: Path, into: Path, limits: Limits = _LIMITS) -> Path | None:
    """Write the files of the release before the head into a folder, to be judged like the head's.

    Args:
        fetched: what `fetch_commit` returned.
        into: the new folder.
        limits: as those of the fetch.

    Returns:
        `into`, or None where there is no release to upgrade from.

    Example:
        >>> lay_out_previous(Path("/run/ccci/7/recipe"), Path("/run/ccci/7/before"))
        ... # doctest: +SKIP
    """
    with tempfile.TemporaryDirectory(prefix="ccci-git-") as home:
        nowhere = Remote(str(fetched), "", "", Server(domain="nowhere.test"))
        git = BoundedGit(fetched, Path(home), nowhere, limits)
        previous = _previous(git, git.run("rev-parse", "--verify", "refs/heads/main").strip())
        if not previous:
            return None
        into.mkdir(mode=0o700, parents=True)
        git.lay_out(f"refs/tags/{previous}", into, Path(home) / "index")
        return into


def _require_address(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    plain = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    if not plain and not url.startswith("/"):
        raise Misuse(
            f"A commit cannot be fetched from {url!r}: an https address without credentials, or "
            "an absolute path."
        )


def _download(git: BoundedGit, url: str, commit: str) -> None:
    words = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"]
    code, said = git.attempt(*words, url, commit, "+refs/tags/*:refs/tags/*")
    where = f"{url}, commit {commit[:7]}"
    most = git.limits.transfer_bytes
    if code and any(path.stat().st_size >= most for path in git.packs()):
        raise Refused(f"More than {most} bytes would have to be fetched from {where}.")
    if code and _IS_GONE.search(said):
        raise Gone(
            f"Commit {commit} is not in {url} any more: comment again on the commit that is there."
        )
    if code:
        raise NodeFailure(f"Fetching from {where} failed: {said}")
    if git.run("cat-file", "-t", commit).strip() != "commit":
        raise Gone(f"{commit} in {url} is no commit.")
    tags = sum(1 for _ in git.records("for-each-ref", "--format=%(refname)%00", "refs/tags"))
    if tags > git.limits.tags:
        raise Refused(f"{url} has {tags} tags: at most {git.limits.tags} are taken.")


def _judge(git: BoundedGit, reference: str, where: str) -> None:
    listing = git.records("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", f"{reference}^{{tree}}")
    with closing(listing):
        require_harmless(listing, git.limits, where)


def _previous(git: BoundedGit, commit: str) -> str:
    """The release that an upgrade to the commit begins with, as `Checkout.previous` has it."""
    at_head = releases_in(git.run("tag", "--points-at", commit).split())[-1:]
    older = [one for one in releases_in(git.run("tag", "--list").split()) if one not in at_head]
    return str(older[-1]) if older else ""
