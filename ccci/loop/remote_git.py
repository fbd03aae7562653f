"""git to copy from one remote repository to another; nothing is checked out.

Nothing that it copies is run: no hooks, no filters, no submodules. Certificates, names and
credentials are handled by `ccci.web.git_remote`.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.node.server import Server
from ccci.web.accounts import Account
from ccci.web.git_remote import environment_for, settings_for

# A transfer that stalls for a minute is aborted; one that makes progress is not.
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
    """The outcome of a git command.

    Attributes:
        code: its exit code.
        output: its output.
        error: the last lines on stderr, as one line.
    """

    code: int
    output: str
    error: str


class RemoteGit:
    """git with one account, and with the certificates and names of one server."""

    def __init__(self, server: Server, folder: Path, account: Account | None = None) -> None:
        """Prepare git; nothing is run yet.

        Args:
            server: its `ca_bundle` is trusted, and its `names` replace DNS.
            folder: a private folder, used as git's home and for its copies.
            account: None for anonymous access.
        """
        self._server, self._folder, self._account = server, folder, account

    def run(self, url: str, *arguments: str, at: Path | None = None) -> Done:
        """Run a git command; a failure is returned, not raised.

        Args:
            url: the remote repository, a URL or a path.
            arguments: the arguments of git, including the URL where git needs it.
            at: the folder to run it in.

        Raises:
            NodeFailure: git did not end in time.

        Example:
            >>> RemoteGit(server, folder).run(url, "ls-remote", url).output  # doctest: +SKIP
        """
        settings = [*_SETTINGS, *settings_for(url, self._server)]
        allowed = {"GIT_ALLOW_PROTOCOL": "https:http:file"}
        try:
            done = subprocess.run(
                ["git", *(option for one in settings for option in ("-c", one)), *arguments],
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
        errors = [line for line in done.stderr.splitlines() if line and line[:5] != "hint:"]
        return Done(done.returncode, done.stdout, " | ".join(errors[-4:]) or "no output")
