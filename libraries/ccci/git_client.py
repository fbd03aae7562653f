"""git as a person at their own machine uses it: clone, commit, push over HTTPS.

Names and trust come from the server file, credentials from a program that git asks: they stand in
no address, no command line and no file. What the machine's own git is set up with does not count.
"""

import os
import subprocess
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from ccci.accounts import Account
from ccci.errors import NodeFailure, RecipeFailure
from ccci.names import address_of
from ccci.server import Server

_SECONDS = 120
# git runs it with its question as argument, and reads the answer.
_ASKED = """#!/bin/sh
case "$1" in
    Username*) printf '%s\\n' "$CCCI_GIT_USERNAME" ;;
    *) printf '%s\\n' "$CCCI_GIT_PASSWORD" ;;
esac
"""


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
        settings = [word for one in self._settings(clone.url) for word in ("-c", one)]
        try:
            done = subprocess.run(
                ["git", *settings, *arguments],
                cwd=at or clone.path,
                env=self._environment(clone.account),
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

    def _settings(self, url: str) -> list[str]:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        settings = ["http.sslVerify=true", "http.proxy=", "credential.helper="]
        if self._server.ca_bundle:
            settings.append(f"http.sslCAInfo={self._server.ca_bundle}")
        address = address_of(host, self._server.names)
        if address:
            settings.append(f"http.curloptResolve={host}:{port}:{address}")
        return settings

    def _environment(self, account: Account | None) -> dict[str, str]:
        # GIT_SSL_CAINFO and the like of the machine would beat the server file.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        asked = self._folder / "asked"
        if not asked.exists():
            asked.write_text(_ASKED, encoding="ascii")
            asked.chmod(0o700)
        return {
            **kept,
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": str(asked),
            "GIT_AUTHOR_NAME": account.name if account else "a passer-by",
            "GIT_AUTHOR_EMAIL": "author@example.org",
            "GIT_COMMITTER_NAME": account.name if account else "a passer-by",
            "GIT_COMMITTER_EMAIL": "author@example.org",
            "CCCI_GIT_USERNAME": account.name if account else "",
            "CCCI_GIT_PASSWORD": account.password if account else "",
        }
