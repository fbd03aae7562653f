"""abra, Co-op Cloud's command line, as a function call.

Everything that changes an app goes through here, so that the journal can be written first. What
is known of abra's behaviour, and from where, stands in docs/decisions.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path

from ccci.errors import CcciError, Misuse, NodeFailure, RecipeFailure
from ccci.node.server import Server

# These want a terminal even when they ask nothing ("inappropriate ioctl for device" otherwise).
_NEEDS_TERMINAL = {
    ("app", "backup"),
    ("app", "restore"),
    ("app", "volume"),
    ("app", "run"),
    ("app", "cmd"),
    ("app", "logs"),
    ("recipe", "lint"),
}
# What a recipe's own content can make fail; any other abra command that fails says nothing of it.
_RECIPE_AT_WORK = {"deploy", "upgrade", "rollback", "backup", "restore", "restart", "cmd", "run"}
# With abra's short names for them, so that nobody deploys unseen by those.
_APP = {"app", "a"}
_DEPLOYS = {"deploy", "d", "upgrade", "up", "rollback", "rl"}
# How abra and the backup bot begin the line that says why they failed.
_REASON = re.compile(r"^(?:FATA\b|ERRO\b|(?i:error|fatal):)\s*")
_LAST_LINES = 5
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class AbraResult:
    """What one abra command did.

    Attributes:
        command: the command line, without secrets.
        exit_code: abra's own.
        stdout: its output; in a terminal both streams are one.
        stderr: its messages; empty in a terminal.
        seconds: how long it took.
    """

    command: str
    exit_code: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class Abra:
    """One abra with one ABRA_DIR.

    Attributes:
        program: the executable.
        abra_dir: its ABRA_DIR; each run has its own, so that two runs never share a checkout.
    """

    program: Path
    abra_dir: Path
    _deployed: list[str] = field(default_factory=list, init=False, compare=False, repr=False)

    def __call__(
        self, *arguments: str, within_seconds: float = 300, check: bool = True
    ) -> AbraResult:
        """Run one subcommand to its end, in a terminal where abra wants one.

        Args:
            arguments: the words after `abra`.
            within_seconds: after that it is killed.
            check: raise when the exit code is not 0.

        Raises:
            RecipeFailure: a command that works with the recipe's own content (deploy, backup,
                restore, ...) ended with another code than 0, and `check` is set.
            NodeFailure: any other command did, or one did not end in time.
            Misuse: the command would run the recipe's abra.sh on this machine.
        """
        _refuse_local_commands(arguments)
        begun = time.monotonic()
        in_terminal = tuple(arguments[:2]) in _NEEDS_TERMINAL
        run = self._in_terminal if in_terminal else self._plain
        code, out, err = run(list(arguments), within_seconds)
        command = "abra " + " ".join(arguments)
        result = AbraResult(command, code, out, err, time.monotonic() - begun)
        if code < 0:
            raise NodeFailure(f"'{command}' was killed by signal {-code}.")
        if domain := _deployed_by(arguments):
            self._deployed.append(domain)
        if check and code != 0:
            raise self.failure(arguments, result)
        return result

    @staticmethod
    def failure(arguments: Sequence[str], result: AbraResult, expected: int = 0) -> CcciError:
        """Return the error for a command that ended with an unexpected exit code.

        Args:
            arguments: the command's words, without ``abra``.
            result: how it ended.
            expected: the exit code that was wanted.

        Returns:
            A RecipeFailure for a command that works with the recipe's own content (deploy, backup,
            restore, ...), else a NodeFailure, which says nothing of the recipe. The sentence begins
            with the reason that the command gave, since it may be cut short where it is shown.
        """
        kind = RecipeFailure if _RECIPE_AT_WORK & set(arguments[1:2]) else NodeFailure
        return kind(_told(result, expected))

    def deployments_of(self, domain: str) -> int:
        """Return how many deployments of an app went through here, whoever asked for them.

        One that failed counts, since it may have changed the app; one that was killed does not,
        since that is the node's failure, after which a stage may try again.
        """
        return self._deployed.count(domain)

    def version(self) -> str:
        """Return what `abra --version` says, in one line."""
        return self("--version", within_seconds=30).stdout.strip().splitlines()[0]

    def _environment(self) -> dict[str, str]:
        # Messages are translated: a fixed language keeps them readable in every log.
        return {
            **os.environ,
            "ABRA_DIR": str(self.abra_dir),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def _plain(self, arguments: Sequence[str], within_seconds: float) -> tuple[int, str, str]:
        try:
            done = subprocess.run(
                [self.program, *arguments],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=within_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._too_late(arguments, within_seconds) from None
        return done.returncode, done.stdout, done.stderr

    def _in_terminal(self, arguments: Sequence[str], within_seconds: float) -> tuple[int, str, str]:
        # Not pty.fork(): in a process that also holds the Browser library's gRPC threads, a fork
        # that runs Python code breaks their pollers and loses the child's exit code.
        ours, theirs = os.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            try:
                process = subprocess.Popen(
                    [self.program, *arguments],
                    env=self._environment(),
                    stdin=theirs,
                    stdout=theirs,
                    stderr=theirs,
                    start_new_session=True,
                )
            finally:
                os.close(theirs)
            output = self._read_all(terminal, process, arguments, within_seconds)
        return process.wait(), _COLOUR.sub("", output.decode("utf-8", "replace")), ""

    def _read_all(
        self,
        terminal: RawIOBase,
        process: "subprocess.Popen[bytes]",
        arguments: Sequence[str],
        within_seconds: float,
    ) -> bytes:
        deadline = time.monotonic() + within_seconds
        output = b""
        while True:
            left_seconds = max(deadline - time.monotonic(), 0)
            if not select.select([terminal], [], [], left_seconds)[0]:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise self._too_late(arguments, within_seconds)
            try:
                read = terminal.read(65536)
            except OSError:  # The other end is closed: Linux says EIO instead of an end of file.
                return output
            if not read:
                return output
            output += read

    def _too_late(self, arguments: Sequence[str], within_seconds: float) -> NodeFailure:
        return NodeFailure(
            f"'abra {' '.join(arguments)}' did not end within {within_seconds:g} s and was killed. "
            "Try the same command by hand with --debug."
        )


def find_abra(server: Server, abra_dir: Path) -> Abra:
    """Return the abra to use: $ABRA, the server file's, or the one on PATH.

    Raises:
        Misuse: there is none.
    """
    named = os.environ.get("ABRA") or server.abra
    found = shutil.which(str(named) if named else "abra")
    if not found:
        raise Misuse(
            f"No abra: {named or 'nothing of that name is on PATH'}. Install Co-op Cloud's abra, "
            "or start the lab with 'make lab-up', which brings its own."
        )
    return Abra(Path(found), abra_dir)


def _deployed_by(arguments: Sequence[str]) -> str:
    """The app that a command deploys; "" when it deploys none."""
    # None of the flags that may stand before the domain takes a value.
    words = [word for word in arguments if not word.startswith("-")]
    deploys = len(words) > 2 and words[0] in _APP and words[1] in _DEPLOYS
    return words[2] if deploys else ""


def _refuse_local_commands(arguments: Sequence[str]) -> None:
    """A recipe's shell is anybody's, and runs in the app's containers only."""
    words = list(arguments)
    options = words[: words.index("--")] if "--" in words else words
    local = [word for word in options if re.fullmatch(r"--local(=.*)?|-[a-zA-Z]*l[a-zA-Z]*", word)]
    if tuple(words[:2]) == ("app", "cmd") and local:
        raise Misuse(
            f"'abra {' '.join(words)}' would run the recipe's abra.sh on this machine: leave "
            f"{local[0]} out and name a service, in whose container it then runs."
        )


def _told(result: AbraResult, expected: int) -> str:
    """Tell how a command ended: its reason first, then the command, then what it wrote before."""
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    instead = "" if expected == 0 else f" instead of {expected}"
    ended = f"'{result.command}' ended with exit code {result.exit_code}{instead}"
    if not lines:
        return f"{ended} and wrote nothing."
    if result.exit_code == 0:
        return f"{ended}. Its last lines: {' | '.join(lines[-_LAST_LINES:])}"
    # abra's own reason is its last word; the backup bot may say more after its own.
    at = max((n for n, line in enumerate(lines) if _REASON.match(line)), default=len(lines) - 1)
    reason = _REASON.sub("", lines[at]).rstrip(".")
    others = [line for n, line in enumerate(lines) if n != at][-_LAST_LINES:]
    before = f" Its other lines: {' | '.join(others)}" if others else ""
    return f"{reason}. {ended}.{before}"
