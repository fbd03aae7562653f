"""Fetches the commit of a pull request as data: nothing in its repository is run.

git uses this project's settings only: no hooks, filters, submodules, templates or settings, neither
of the repository nor of the machine. The tree is checked before any of its files is written.
"""

import re
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ccci.errors import Misuse, NodeFailure
from ccci.loop.bounded_git import BoundedGit, Remote
from ccci.loop.trees import Limits, Refused, check_tree
from ccci.node.server import Server
from ccci.recipe.checkout import PLAIN_ATTRIBUTES
from ccci.recipe.release import LIST_TAGS, released

__all__ = [
    "Gone",
    "Limits",
    "Refused",
    "Remote",
    "fetch_commit",
    "releases_ahead",
    "write_previous_release",
]

_LIMITS = Limits()
_IS_GONE = re.compile(r"not our ref|unadvertised object|no such remote ref|couldn't find remote")


class Gone(Refused):
    """The commit is not in the repository (any more)."""


def fetch_commit(source: Remote, commit: str, into: Path, limits: Limits = _LIMITS) -> Path:
    """Fetch one commit and all tags into a new repository, and check the commit out.

    Args:
        source: the repository to fetch from.
        commit: the full hash of the commit.
        into: the folder to create; it is removed if this fails.
        limits: how much may be fetched.

    Returns:
        `into`: a repository with the commit as its branch main, for `ccci.recipe.checkout`.

    Raises:
        Refused: the commit is gone (`Gone`), or its tree or that of the release before it has
            something that is not allowed; the message names the file.
        NodeFailure: the network or the forge failed, or it took too long.
        Misuse: the commit is not a full hash, or the URL is not allowed.

    Example:
        >>> remote = Remote("https://git.example.org/recipes/x.git", "ci", token, server)
        ... # doctest: +SKIP
        >>> fetch_commit(remote, "75826ae...", Path("/run/ccci/7/recipe"))
        ... # doctest: +SKIP
    """
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise Misuse(f"{commit!r} is not the full hash of a commit: 40 digits from 0 to f.")
    _require_allowed(source.url)
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
            _check(git, commit, f"commit {commit[:7]}")
            previous = _previous(git, commit)
            if previous:
                _check(git, f"refs/tags/{previous}", f"release {previous}")
            git.run("update-ref", "refs/heads/main", commit)
            git.write_files(commit, into)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return into


def write_previous_release(fetched: Path, into: Path, limits: Limits = _LIMITS) -> Path | None:
    """Write the files of the release before a fetched commit into a folder, to check them too.

    Args:
        fetched: what `fetch_commit` returned.
        into: the folder to create.
        limits: the limits of the fetch.

    Returns:
        `into`, or None if there is no release to upgrade from.

    Example:
        >>> write_previous_release(Path("/run/ccci/7/recipe"), Path("/run/ccci/7/before"))
        ... # doctest: +SKIP
    """
    with _git_in(fetched, limits) as (git, home):
        previous = _previous(git, git.run("rev-parse", "--verify", "refs/heads/main").strip())
        if not previous:
            return None
        into.mkdir(mode=0o700, parents=True)
        git.write_files(f"refs/tags/{previous}", into, home / "index")
        return into


def releases_ahead(fetched: Path, limits: Limits = _LIMITS) -> tuple[str, list[str]]:
    """Return the newest release before a fetched commit, or "", and newer ones that it lacks.

    Whoever opens a pull request chooses where its branch begins. What such a branch is upgraded
    from may not be what people run.

    Args:
        fetched: what `fetch_commit` returned.
        limits: the limits of the fetch.

    Example:
        >>> releases_ahead(Path("/run/ccci/7/recipe"))  # doctest: +SKIP
        ('1.0.0+1.24.7', ['1.1.0+1.26.0'])
    """
    with _git_in(fetched, limits) as (git, _):
        merged = released(git.run(*LIST_TAGS, "--merged", "refs/heads/main"))
        newer = [one for one in released(git.run(*LIST_TAGS)) if not merged or one > merged[-1]]
        return _previous(git, "refs/heads/main"), [str(one) for one in newer]


@contextmanager
def _git_in(fetched: Path, limits: Limits) -> Iterator[tuple[BoundedGit, Path]]:
    """Yield git for a fetched repository, and a folder for its own files; it asks nobody else."""
    with tempfile.TemporaryDirectory(prefix="ccci-git-") as home:
        local = Remote(str(fetched), "", "", Server(domain="nowhere.test"))
        yield BoundedGit(fetched, Path(home), local, limits), Path(home)


def _require_allowed(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    plain = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    if not plain and not url.startswith("/"):
        raise Misuse(
            f"A commit cannot be fetched from {url!r}: it must be an https URL without "
            "credentials, or an absolute path."
        )


def _download(git: BoundedGit, url: str, commit: str) -> None:
    command = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"]
    code, error = git.attempt(*command, url, commit, "+refs/tags/*:refs/tags/*")
    where = f"{url}, commit {commit[:7]}"
    most = git.limits.transfer_bytes
    if code and any(path.stat().st_size >= most for path in git.packs()):
        raise Refused(f"The download from {where} is larger than {most} bytes.")
    if code and _IS_GONE.search(error):
        raise Gone(
            f"Commit {commit} is not in {url} any more. Comment again to test the newest commit."
        )
    if code:
        raise NodeFailure(f"Fetching from {where} failed: {error}")
    if git.run("cat-file", "-t", commit).strip() != "commit":
        raise Gone(f"{commit} in {url} is not a commit.")
    tags = sum(1 for _ in git.records("for-each-ref", "--format=%(refname)%00", "refs/tags"))
    if tags > git.limits.tags:
        raise Refused(f"{url} has {tags} tags; at most {git.limits.tags} are allowed.")


def _check(git: BoundedGit, reference: str, where: str) -> None:
    listing = git.records("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", f"{reference}^{{tree}}")
    with closing(listing):
        check_tree(listing, git.limits, where)


def _previous(git: BoundedGit, commit: str) -> str:
    """Return the release that an upgrade to the commit starts from, as `Checkout.previous` does."""
    at_commit = released(git.run(*LIST_TAGS, "--points-at", commit))
    up_to = released(git.run(*LIST_TAGS, "--merged", commit))
    older = [one for one in up_to if one not in at_commit]
    return str(older[-1]) if older else ""
