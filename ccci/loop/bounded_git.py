"""git for an untrusted repository: with this project's settings only, and with limits.

The machine's own git settings are ignored. Nothing is run on behalf of the repository: no hooks, no
filters, no submodules, no file system monitor. git gets credentials from a helper program
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
from ccci.loop.trees import Limits, Refused
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

_MEMORY_BYTES = 2 << 30
# Git itself writes no file whose path is longer than the kernel takes.
_LONGEST_RECORD = 64 << 10
_SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=false",
    "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
    "core.protectHFS=true", "core.protectNTFS=true",
    # Limits the memory, even for packs that were crafted to need a lot of it.
    "core.bigFileThreshold=8m", "core.packedGitWindowSize=32m", "pack.threads=1",
    # Everything goes into one pack file, so the limit on the size of a file limits the transfer.
    "fetch.unpackLimit=1", "gc.auto=0", "maintenance.auto=false",
    "submodule.recurse=false", "fetch.recurseSubmodules=false", "transfer.bundleURI=false",
    # A redirect could send the credentials to another host.
    "http.followRedirects=false", "http.lowSpeedLimit=100", "http.lowSpeedTime=60",
)  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """Where a commit is fetched from.

    Attributes:
        url: an https URL, or a path on this machine.
        user: the account to fetch with; "" for anonymous access.
        token: the password or token of the account; never printed.
        server: its `ca_bundle` is trusted, and its `names` replace DNS.
    """

    url: str
    user: str
    token: str = field(repr=False)
    server: Server


class BoundedGit:
    """git in one repository, with limits on its time, its memory and the files that it writes."""

    def __init__(self, folder: Path, home: Path, source: Remote, limits: Limits) -> None:
        """Prepare git; nothing is run yet.

        Args:
            folder: the folder of the repository.
            home: a private folder that git uses as its home.
            source: where to fetch from.
            limits: the limits on time, memory and sizes.
        """
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
        self._settings = [argument for one in settings for argument in ("-c", one)]

    def packs(self) -> list[Path]:
        """Return the pack files that were downloaded, complete or not."""
        return list((self._folder / ".git" / "objects" / "pack").glob("*"))

    def run(self, *arguments: str) -> str:
        """Run git and return its output.

        Raises:
            NodeFailure: git failed, or did not end in time.
        """
        return b"".join(self._output(arguments)).decode("utf-8", "replace")

    def attempt(self, *arguments: str) -> tuple[int, str]:
        """Run git and return its exit code and its last lines on stderr.

        Raises:
            NodeFailure: git did not end in time.
        """
        with tempfile.TemporaryFile() as errors:
            with self._start(arguments, errors.fileno()) as process:
                for _ in self._read(process, arguments):
                    pass
            return process.returncode, _last_lines(errors.fileno())

    def records(self, *arguments: str) -> Generator[bytes, None, None]:
        """Run git and yield its output, split at NUL; closing the generator ends git.

        Raises:
            Refused: a record is longer than any name may be.
            NodeFailure: git failed, or did not end in time.
        """
        rest = b""
        with closing(self._output(arguments)) as chunks:
            for chunk in chunks:
                *records, rest = (rest + chunk).split(b"\0")
                yield from (record for record in records if record.strip())
                if len(rest) > _LONGEST_RECORD:
                    raise Refused(f"A name in {self._url} is longer than {_LONGEST_RECORD} bytes.")

    def write_files(self, reference: str, into: Path, index: Path | None = None) -> None:
        """Write the files of a commit or tag into a folder.

        Args:
            reference: the commit or tag.
            into: the folder.
            index: a separate index file; by default the repository's own.
        """
        if index:
            self._environment["GIT_INDEX_FILE"] = str(index)
        self.run("read-tree", f"{reference}^{{tree}}")
        self.run(f"--work-tree={into}", "checkout-index", "--all", "--force", "-u")

    def _output(self, arguments: Sequence[str]) -> Generator[bytes, None, None]:
        with tempfile.TemporaryFile() as errors:
            with self._start(arguments, errors.fileno()) as process:
                yield from self._read(process, arguments)
            if process.returncode:
                error = _last_lines(errors.fileno())
                raise NodeFailure(f"'git {arguments[0]}' of {self._url} failed: {error}")

    def _start(self, arguments: Sequence[str], errors: int) -> "subprocess.Popen[bytes]":
        limits = [f"--fsize={self.limits.transfer_bytes}", f"--as={_MEMORY_BYTES}", "--core=0"]
        return subprocess.Popen(
            ["prlimit", *limits, "git", *self._settings, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def _read(
        self, process: "subprocess.Popen[bytes]", arguments: Sequence[str]
    ) -> Generator[bytes, None, None]:
        """Yield the output until git ends; kill git and its children at the deadline."""
        assert process.stdout is not None
        done = False
        try:
            while True:
                left = self._deadline - time.monotonic()
                if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                    raise NodeFailure(
                        f"'git {arguments[0]}' of {self._url} did not end within "
                        f"{self.limits.seconds:g} s."
                    )
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    done = True
                    return
                yield chunk
        finally:
            if not done:
                os.killpg(process.pid, signal.SIGKILL)


def _last_lines(errors: int) -> str:
    size = os.fstat(errors).st_size
    text = os.pread(errors, 4096, max(0, size - 4096)).decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line and not line.startswith("hint:")]
    printable = ("".join(c for c in line if c.isprintable()) for line in lines[-4:])
    return " | ".join(printable) or "no output"
