"""git as a person at their own machine uses it: clone, commit, push over HTTPS."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

_SECONDS = 120


@dataclass(frozen=True)
class Clone:
    """A working copy.

    Attributes:
        path: its folder.
        url: where it was cloned from.
        account: who pushes; None for a passer-by.
    """

    path: Path
    url: str
    account: Account | None


class GitClient:
    """git, with the trust and the names of one server."""

    def __init__(self, server: Server, folder: Path) -> None:
        """Take the server, and a private folder for clones."""
        self._server, self._folder = server, folder
        self._clones = 0

    def clone(self, url: str, account: Account | None = None) -> Clone:
        """Clone a repository into a new folder.

        Raises:
            RecipeFailure: git refuses; the sentence has its words.
        """
        self._clones += 1
        made = Clone(self._folder / f"clone-{self._clones}", url, account)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._git(made, "clone", "--quiet", url, str(made.path), at=self._folder)
        return made

    def commit(self, clone: Clone, name: str, content: bytes, message: str) -> str:
        """Write a file, commit it, and return the commit's hash."""
        path = clone.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._git(clone, "add", "--", name)
        self._git(clone, "commit", "--quiet", "--message", message)
        return self.head(clone)

    def push(self, clone: Clone) -> None:
        """Push the branch to where it was cloned from.

        Raises:
            RecipeFailure: the server refuses; the sentence has git's words.
        """
        self._git(clone, "push", "--quiet", "origin", "HEAD")

    def head(self, clone: Clone) -> str:
        """Return the hash of the commit that is checked out."""
        return self._git(clone, "rev-parse", "HEAD").strip()

    def messages(self, clone: Clone) -> list[str]:
        """Return the first lines of all commits' messages, the oldest first."""
        return self._git(clone, "log", "--reverse", "--format=%s").splitlines()

    def check(self, clone: Clone) -> None:
        """Check every object of a clone.

        Raises:
            RecipeFailure: one is broken or missing.
        """
        self._git(clone, "fsck", "--full", "--strict")

    def _git(self, clone: Clone, *arguments: str, at: Path | None = None) -> str:
        settings = [word for one in settings_for(clone.url, self._server) for word in ("-c", one)]
        try:
            done = subprocess.run(
                ["git", *settings, *arguments],
                cwd=at or clone.path,
                env=environment_for(self._folder, clone.account),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NodeFailure(
                f"'git {arguments[0]}' of {clone.url} did not end within {_SECONDS} s."
            ) from None
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if not line.startswith("hint:")]
            words = " | ".join(said[-4:]) or "it said nothing"
            raise RecipeFailure(f"'git {arguments[0]}' of {clone.url} failed: {words}")
        return done.stdout
