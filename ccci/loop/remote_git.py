"""git between two repositories that are elsewhere: copied and pushed, never checked out.

Nothing of what it copies is run: no hook, no filter, no submodule. Trust, names and credentials are
`ccci.web.git_remote`'s.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

# A transfer that stands still for a minute is over; one that moves may take its time.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "transfer.bundleURI=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
)
_SECONDS = 900


@dataclass(frozen=True)
class Done:
    """What a git command came to.

    Attributes:
        code: its exit code.
        output: what it printed.
        words: its complaint, as one line.
    """

    code: int
    output: str
    words: str


class RemoteGit:
    """git as one account, with the trust and the names of one server."""

    def __init__(self, server: Server, folder: Path, account: Account | None = None) -> None:
        """Take whom to trust, where names lead, and who speaks.

        Args:
            server: for `ca_bundle` and `names`.
            folder: a private one, which is git's home and holds its copies.
            account: nobody without one.
        """
        self._server, self._folder, self._account = server, folder, account

    def run(self, url: str, *arguments: str, at: Path | None = None) -> Done:
        """Run one git command to its end, whatever comes of it.

        Args:
            url: of the other side, an address or a path.
            arguments: git's own, the address or path among them where git wants it.
            at: the folder to work in.

        Raises:
            NodeFailure: it did not end in time.

        Example:
            >>> RemoteGit(server, folder).run(url, "ls-remote", url).output  # doctest: +SKIP
        """
        settings = [*_SETTINGS, *settings_for(url, self._server)]
        allowed = {"GIT_ALLOW_PROTOCOL": "https:http:file"}
        try:
            done = subprocess.run(
                ["git", *(word for one in settings for word in ("-c", one)), *arguments],
                cwd=at or self._folder,
                env={**environment_for(self._folder, self._account), **allowed},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NodeFailure(
                f"'git {arguments[0]}' of {url} did not end within {_SECONDS} s."
            ) from None
        said = [line for line in done.stderr.splitlines() if line and not line.startswith("hint:")]
        return Done(done.returncode, done.stdout, " | ".join(said[-4:]) or "it said nothing")
