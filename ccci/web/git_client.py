"""git as a person at their own machine uses it: clone, commit, push over HTTPS.

The repository is the app's: git has limits on time, memory and the size of each file.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

_SECONDS = 120
_FILE_BYTES = 64 << 20
_ALL_BYTES = 256 << 20
_MEMORY_BYTES = 2 << 30
# What git says when no connection was made, so that the app was never asked.
_NOBODY_REACHED = re.compile(
    r"Could not resolve host|Failed to connect to|Couldn't connect to server"
)
# All that comes in one transfer is one file, which the limit on files ends. A redirect would send
# the credentials to another host.
_SETTINGS = (
    "transfer.unpackLimit=1", "core.bigFileThreshold=8m", "pack.threads=1", "core.symlinks=false",
    "gc.auto=0", "maintenance.auto=false", "http.followRedirects=false",
)  # fmt: skip


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

    def __init__(
        self,
        server: Server,
        folder: Path,
        within_seconds: float = _SECONDS,
        at_most_bytes: int = _ALL_BYTES,
    ) -> None:
        """Take the server, a private folder for clones, and limits for each command of git."""
        self._server, self._folder = server, folder
        self._within_seconds, self._at_most_bytes = within_seconds, at_most_bytes
        self._clones = 0

    def clone(self, url: str, account: Account | None = None) -> Clone:
        """Clone a repository into a new folder.

        Raises:
            RecipeFailure: git refuses; the sentence has its words.
            NodeFailure: no connection was made.
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
        own = [*_SETTINGS, *settings_for(clone.url, self._server)]
        settings = [word for one in own for word in ("-c", one)]
        limits = [f"--fsize={_FILE_BYTES}", f"--as={_MEMORY_BYTES}", "--core=0"]
        what = f"'git {arguments[0]}' of {clone.url}"
        # In files, which have the same limit: what the server says goes into them.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                ["prlimit", *limits, "git", *settings, *arguments],
                cwd=at or clone.path,
                env=environment_for(self._folder, clone.account),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._wait(process, what, clone)
            finally:
                # With the programs that git started: they would go on without it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.returncode:
                lines = _text(errors)[-4096:].splitlines()
                said = [line for line in lines if not line.startswith("hint:")]
                words = " | ".join(said[-4:]) or "it said nothing"
                kind = NodeFailure if _NOBODY_REACHED.search(words) else RecipeFailure
                raise kind(f"{what} failed: {words}")
            return _text(output)

    def _wait(self, process: "subprocess.Popen[bytes]", what: str, clone: Clone) -> None:
        """Wait for git's end, within the limits on time and on all files of the clone together."""
        ends_at = time.monotonic() + self._within_seconds
        while time.monotonic() < ends_at:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
                return
            if (size := _size_of(clone.path)) > self._at_most_bytes:
                raise RecipeFailure(
                    f"{what}: expected a repository of at most {self._at_most_bytes:,} bytes with "
                    f"its files; it was ended at {size:,}."
                )
        raise RecipeFailure(
            f"{what}: expected it to end within {self._within_seconds:g} s; it was still running."
        )


def _size_of(folder: Path) -> int:
    size = 0
    for here, _, names in os.walk(folder):
        for name in names:
            # Files come and go meanwhile.
            with suppress(OSError):
                size += (Path(here) / name).lstat().st_size
    return size


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
