"""The run's own copy of the recipe's repository: the head under test and its releases."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.recipe.release import LIST_TAGS, Release, parse_release, released, releases_in

# The recipe is data here: its hooks, filters and submodules are never run.
_SAFE = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]
_SAFE += ["-c", "core.fsmonitor=false"]
# Files are written as the commit has them: .gitattributes must not rewrite them or call a filter
# (such as LFS) that the machine happens to have. git reads this file last.
PLAIN_ATTRIBUTES = "* -text !eol -filter -ident !working-tree-encoding -export-subst\n"
# The label with an app's version, as a map or in a list.
_VERSION_LABEL = re.compile(
    r"^[^#\n]*coop-cloud\.\$\{STACK_NAME\}\.version[\"']?\s*[=:]\s*[\"']?([^\s\"'#]+)", re.MULTILINE
)
# The modes of plain files in git.
_FILES = ("100644", "100755")
# Of one file that is read to be reviewed.
_MOST_BYTES = 1 << 20
# Marks the commit under test while abra checks out releases.
_HEAD_REF = "refs/ccci/head"
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Checkout:
    """A recipe's repository at `path`, with the commit under test checked out.

    Attributes:
        path: the working tree, inside the run's ABRA_DIR.
        recipe: the recipe's name.
        commit: the full hash of the head under test.
        releases: all published releases, oldest first.
        head_release: the release that this very commit is, or None.
        before: those whose commits lie before the head in its history, oldest first.
        version: what the head's compose.yml says of its version; None where it says nothing.
    """

    path: Path
    recipe: str
    commit: str
    releases: tuple[Release, ...]
    head_release: Release | None
    before: tuple[Release, ...] = ()
    version: Release | None = None

    @classmethod
    def open(cls, path: Path, recipe: str) -> Self:
        """Read a checkout that `check_out` made before."""
        commit = _git("rev-parse", "--verify", _HEAD_REF, at=path)
        return cls(path, recipe, commit, *_releases(path, commit), _version(path, commit))

    @property
    def short(self) -> str:
        """The first seven characters of the head's hash, as in the app's name."""
        return self.commit[:7]

    @property
    def previous(self) -> Release:
        """The newest release before the head, in its history and in version.

        Raises:
            Misuse: there is none, so that there is nothing to upgrade from.
            RecipeFailure: the newest in its history has a higher version than the head.
        """
        if not self.before:
            raise Misuse(
                f"Recipe '{self.recipe}' has no release before {self.short} to upgrade from: tag "
                "one (annotated), or opt out of the upgrade in its recipe.toml with the reason."
            )
        newest = self.before[-1]
        if self._is_older_than(newest):
            raise RecipeFailure(
                f"An upgrade goes up: the head's version label is {self.version}, and release "
                f"{newest} lies before it in its history. Raise the label in compose.yml above it."
            )
        return newest

    def named(self, tag: str) -> Release:
        """Return the release to upgrade from that somebody named.

        Raises:
            Misuse: there is no such release, or the head is not newer than it.
        """
        release = parse_release(tag)
        if release not in self.releases:
            there = ", ".join(map(str, self.releases)) or "none"
            raise Misuse(f"Recipe '{self.recipe}' has no release {tag}; it has {there}.")
        if self._is_older_than(release) or _is_not_before(release, self.commit, self.path):
            raise Misuse(
                f"An upgrade goes up: the head {self.short} ({self.version or 'no version'}) is "
                f"not newer than {release}. Name a release before it, or another head."
            )
        return release

    def _is_older_than(self, release: Release) -> bool:
        return self.version is not None and (self.version.recipe_version < release.recipe_version)

    def show_head(self) -> None:
        """Check out the head again, after abra checked out a release."""
        _git("checkout", "--quiet", "--detach", self.commit, at=self.path)

    def show(self, release: Release) -> None:
        """Check out a release."""
        _git("checkout", "--quiet", "--detach", f"refs/tags/{release}", at=self.path)

    def texts(self, release: Release | None = None) -> dict[str, str]:
        """Return path to text of the files of a release, or of the head.

        Links and large files are left out.
        """
        commit = self.commit
        if release:
            commit = _git("rev-parse", "--verify", f"refs/tags/{release}^{{commit}}", at=self.path)
        return dict(_texts(self.path, commit))

    def hide(self, name: str) -> None:
        """Hide a file of ours from git, because abra refuses a tree with changes."""
        exclude = self.path / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        if not exclude.exists() or name not in exclude.read_text(encoding="utf-8").split():
            with exclude.open("a", encoding="utf-8") as file:
                file.write(f"{name}\n")


def check_out(recipe: str, source: Path, into: Path, wanted: str = "HEAD") -> Checkout:
    """Clone a recipe's repository with its tags and check out the commit under test.

    Args:
        recipe: the recipe's name.
        source: the repository: a pull request's checkout, or the operator's copy.
        into: the new folder.
        wanted: the commit, branch or tag under test.

    Raises:
        Misuse: no such recipe or commit.
        NodeFailure: git failed for another reason.
    """
    if not (source / ".git").exists() and not (source / "HEAD").exists():
        raise Misuse(
            f"Recipe '{recipe}' does not exist: no git repository at {source}. Fetch it with "
            f"'abra recipe fetch {recipe}', or name a checkout with --variable RECIPE_SOURCE:PATH."
        )
    commit = _git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}", at=source, may=True)
    if not commit:
        raise Misuse(f"Recipe '{recipe}' has no commit {wanted!r} in {source}.")
    _git("clone", "--quiet", "--no-checkout", "--no-hardlinks", str(source), str(into), at=source)
    info = into / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(PLAIN_ATTRIBUTES, encoding="ascii")
    _git("checkout", "--quiet", "--detach", commit, at=into)
    _git("update-ref", _HEAD_REF, commit, at=into)
    return Checkout(into, recipe, commit, *_releases(into, commit), _version(into, commit))


def make_repository(files: Path, into: Path) -> Path:
    """Make a git repository that holds a copy of a folder, in one commit; return where it is.

    Args:
        files: the folder.
        into: the new repository.

    Raises:
        NodeFailure: git failed, or the folder cannot be copied.
    """
    try:
        shutil.copytree(files, into)
    except OSError as error:
        raise NodeFailure(f"{files} cannot be copied to {into}: {error}.") from None
    _git("init", "--quiet", "--initial-branch=main", at=into)
    commit_files(into, "As it is in this project")
    return into


def commit_files(path: Path, message: str) -> str:
    """Commit all files of a checkout as its new HEAD, and return the commit's full hash.

    Args:
        path: the working tree.
        message: what was changed.

    Raises:
        NodeFailure: git failed, for example because nothing was changed.
    """
    _git("add", "--all", at=path)
    author = ["-c", "user.name=ccci", "-c", "user.email=ccci@localhost"]
    _git(*author, "commit", "--quiet", "--no-verify", "-m", message, at=path)
    return _git("rev-parse", "HEAD", at=path)


def _releases(
    path: Path, commit: str
) -> tuple[tuple[Release, ...], Release | None, tuple[Release, ...]]:
    at_head = released(_git(*LIST_TAGS, "--points-at", commit, at=path))
    every = released(_git(*LIST_TAGS, at=path))
    up_to = released(_git(*LIST_TAGS, "--merged", commit, at=path))
    before = [release for release in up_to if release not in at_head]
    return tuple(every), at_head[-1] if at_head else None, tuple(before)


def _version(path: Path, commit: str) -> Release | None:
    """Return the version in a commit's compose.yml; None where there is none that can be read."""
    text = _git("show", f"{commit}:compose.yml", at=path, may=True)
    found = releases_in(_VERSION_LABEL.findall(text))
    return found[0] if found else None


def _is_not_before(release: Release, commit: str, path: Path) -> bool:
    """Return whether a release is this commit, or was made after it."""
    return release in released(_git(*LIST_TAGS, "--contains", commit, at=path))


# Several tests of a run read the files of the same commits, with a process of git for each file.
@cache
def _texts(path: Path, commit: str) -> dict[str, str]:
    found = {}
    for entry in filter(None, _git("ls-tree", "-r", "-l", "-z", commit, at=path).split("\0")):
        about, _, name = entry.partition("\t")
        mode, _, blob, size = about.split()
        if mode in _FILES and int(size) <= _MOST_BYTES:
            found[name] = _git("cat-file", "blob", blob, at=path)
    return found


def _git(*arguments: str, at: Path, may: bool = False) -> str:
    # GIT_CONFIG_COUNT and the like of the machine would bring settings back.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", *_SAFE, "-c", f"safe.directory={at}", *arguments],
        cwd=at,
        env={**kept, **_ENVIRONMENT},
        capture_output=True,
        encoding="utf-8",
        # git keeps names in any encoding.
        errors="replace",
        timeout=300,
        check=False,
    )
    if done.returncode and not may:
        said = done.stderr.strip() or done.stdout.strip()
        raise NodeFailure(f"git {arguments[0]} failed in {at}: {said}")
    return done.stdout.strip()
