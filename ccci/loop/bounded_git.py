"""git for a repository that is not ours: told by us alone, and with limits on what it takes.

No setting of the machine counts, and none of what git would run for a repository is there: hooks,
filters, submodules, a monitor of files. Credentials are asked for by a program
(`ccci.web.git_remote`).
"""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.loop.trees import Limits
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

_MEMORY_BYTES = 2 << 30
_SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=false",
    "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
    "core.protectHFS=true", "core.protectNTFS=true",
    # Little memory, also for what was packed to take much.
    "core.bigFileThreshold=8m", "core.packedGitWindowSize=32m", "pack.threads=1",
    # One pack for all that comes, so that the limit of a file's size is one of the transfer.
    "fetch.unpackLimit=1", "gc.auto=0", "maintenance.auto=false",
    "submodule.recurse=false", "fetch.recurseSubmodules=false", "transfer.bundleURI=false",
    # Another host would be asked for, and given, the credentials of this one.
    "http.followRedirects=false", "http.lowSpeedLimit=100", "http.lowSpeedTime=60",
)  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """Where a commit is fetched from.

    Attributes:
        url: an https address, or a path on this machine.
        user: the account to fetch as; empty: as a passer-by.
        token: the account's password or token; left out of every printed form.
        server: whom to trust (`ca_bundle`), and where names lead (`names`).
    """

    url: str
    user: str
    token: str = field(repr=False)
    server: Server


class BoundedGit:
    """git in one repository, with limits on time, memory and the size of a file it writes."""

    def __init__(self, folder: Path, home: Path, source: Remote, limits: Limits) -> None:
        """Take the repository's folder, a private folder for git's home, and where it fetches."""
        self.limits = limits
        self._folder, self._home, self._url = folder, home, source.url
        self._deadline = time.monotonic() + limits.seconds
        account = Account(source.user, source.token) if source.user else None
        self._environment = {
            **environment_for(home, account),
            "GIT_ALLOW_PROTOCOL": "https:http:file",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }
        settings = [*_SETTINGS, *settings_for(source.url, source.server)]
        self._settings = [word for one in settings for word in ("-c", one)]

    def packs(self) -> list[Path]:
        """Return the files of what was downloaded, whole or not."""
        return list((self._folder / ".git" / "objects" / "pack").glob("*"))

    def run(self, *words: str) -> str:
        """Run git and return what it wrote."""
        return b"".join(self._output(words)).decode("utf-8", "replace")

    def attempt(self, *words: str) -> tuple[int, str]:
        """Run git and return its exit code and its last words."""
        with tempfile.TemporaryFile() as errors:
            with self._start(words, errors.fileno()) as process:
                for _ in self._read(process, words):
                    pass
            return process.returncode, _last_words(errors.fileno())

    def records(self, *words: str) -> Generator[bytes, None, None]:
        """Run git and yield what it writes, record by record; it is ended when nobody reads."""
        rest = b""
        with closing(self._output(words)) as parts:
            for part in parts:
                *whole, rest = (rest + part).split(b"\0")
                yield from (record for record in whole if record.strip())

    def lay_out(self, reference: str, into: Path, index: Path | None = None) -> None:
        """Write the files of a tree into a folder."""
        if index:
            self._environment["GIT_INDEX_FILE"] = str(index)
        self.run("read-tree", f"{reference}^{{tree}}")
        self.run(f"--work-tree={into}", "checkout-index", "--all", "--force", "-u")

    def _output(self, words: Sequence[str]) -> Generator[bytes, None, None]:
        with tempfile.TemporaryFile() as errors:
            with self._start(words, errors.fileno()) as process:
                yield from self._read(process, words)
            if process.returncode:
                said = _last_words(errors.fileno())
                raise NodeFailure(f"'git {words[0]}' of {self._url} failed: {said}")

    def _start(self, words: Sequence[str], errors: int) -> "subprocess.Popen[bytes]":
        limits = [f"--fsize={self.limits.transfer_bytes}", f"--as={_MEMORY_BYTES}", "--core=0"]
        return subprocess.Popen(
            ["prlimit", *limits, "git", *self._settings, *words],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def _read(
        self, process: "subprocess.Popen[bytes]", words: Sequence[str]
    ) -> Generator[bytes, None, None]:
        """Yield what it writes until it ends; with its children it is ended at the deadline."""
        assert process.stdout is not None
        done = False
        try:
            while True:
                left = self._deadline - time.monotonic()
                if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                    raise NodeFailure(
                        f"'git {words[0]}' of {self._url} did not end within "
                        f"{self.limits.seconds:g} s."
                    )
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part:
                    done = True
                    return
                yield part
        finally:
            if not done:
                os.killpg(process.pid, signal.SIGKILL)


def _last_words(errors: int) -> str:
    size = os.fstat(errors).st_size
    text = os.pread(errors, 4096, max(0, size - 4096)).decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line and not line.startswith("hint:")]
    return " | ".join("".join(c for c in one if c.isprintable()) for one in lines[-4:]) or "nothing"
