"""abra, Co-op Cloud's command line, as a function call.

Everything that changes an app goes through here. What is known of abra's behaviour, and from
where, is in docs/abra.md and docs/decisions/.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Any

from ccci.deploy import blame
from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.node.environment import kept_environment
from ccci.node.server import Server

# These need a terminal even without a question ("inappropriate ioctl for device" otherwise).
_NEEDS_TERMINAL = {
    ("app", "backup"),
    ("app", "restore"),
    ("app", "volume"),
    ("app", "run"),
    ("app", "cmd"),
    ("app", "logs"),
    ("recipe", "lint"),
}
# How abra and the backup bot begin the line that says why they failed.
_REASON = re.compile(r"^(?:FATA\b|ERRO\b|(?i:error|fatal):)\s*")
# Of this process's environment. A compose file cannot name any of these: see loop.variables.
_KEPT = ("PATH", "HOME", "CCCI_RUN_ID")
_LAST_LINES = 5
# Lines and columns.
_TERMINAL_SIZE = (50, 500)
# How often something else is looked at while a command runs.
_EVERY_SECONDS = 1.0
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class AbraResult:
    """The result of one abra command.

    Attributes:
        command: the command line, without secrets.
        exit_code: abra's exit code.
        stdout: its output; in a terminal both streams are one.
        stderr: its error output; empty in a terminal.
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
        self,
        *arguments: str,
        within_seconds: float = 300,
        check: bool = True,
        meanwhile: Callable[[], None] | None = None,
    ) -> AbraResult:
        """Run one subcommand to its end, in a terminal where abra needs one.

        Args:
            arguments: the arguments after `abra`.
            within_seconds: after that it is killed.
            check: raise when the exit code is not 0.
            meanwhile: called about once a second until it ends. When this raises, abra is killed,
                and the error is passed on.

        Raises:
            RecipeFailure: a command that uses the recipe's content (deploy, backup, run, cp, ...)
                failed, and `check` is set; one that runs in its containers did not end in time.
            NodeFailure: another command failed or did not end in time; or Docker or the node was
                the reason.
            Misuse: the command would run the recipe's abra.sh on this machine.

        Example:
            ``abra("app", "ps", "blog.lab.test", "-m").stdout``
        """
        _refuse_local_commands(arguments)
        begun = time.monotonic()
        in_terminal = tuple(arguments[:2]) in _NEEDS_TERMINAL
        run = self._in_terminal if in_terminal else self._plain
        code, out, err = run(list(arguments), within_seconds, meanwhile or _nothing)
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
            arguments: the arguments after ``abra``.
            result: how it ended.
            expected: the exit code that was expected.

        Returns:
            A RecipeFailure for a command that uses the recipe's content (deploy, backup, run, cp,
            ...), else a NodeFailure, which says nothing about the recipe; so does one for which
            Docker or the node was the reason. The sentence begins with the reason that the command
            gave, since it may be cut short where it is shown.
        """
        kind = blame.kind_of_failure(arguments, result.stdout + result.stderr)
        return kind(_how_it_ended(result, expected))

    def deployments_of(self, domain: str) -> int:
        """Return how many deployments of an app were made here, by whatever keyword or step.

        A failed one counts, since it may have changed the app; a killed one does not, since that
        is the node's failure, after which a stage may try again.
        """
        return self._deployed.count(domain)

    def version(self) -> str:
        """Return the first line of `abra --version`."""
        return self("--version", within_seconds=30).stdout.strip().splitlines()[0]

    def _environment(self) -> dict[str, str]:
        # Messages are translated: with a fixed language every log is readable.
        return {
            **kept_environment(*_KEPT),
            "ABRA_DIR": str(self.abra_dir),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def _start(self, arguments: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
        try:
            return subprocess.Popen([self.program, *arguments], env=self._environment(), **options)
        except OSError as error:
            raise NodeFailure(
                f"abra cannot be started: {self.program}: {error.strerror}. If it was there when "
                "the run began, somebody removed it; 'make lab-up' names another one."
            ) from None

    def _plain(
        self, arguments: Sequence[str], within_seconds: float, meanwhile: Callable[[], None]
    ) -> tuple[int, str, str]:
        deadline = time.monotonic() + within_seconds
        pipe = subprocess.PIPE
        with self._start(
            arguments, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        ) as process:
            try:
                while True:
                    left_seconds = max(deadline - time.monotonic(), 0)
                    try:
                        out, err = process.communicate(timeout=min(left_seconds, _EVERY_SECONDS))
                        return process.returncode, out, err
                    except subprocess.TimeoutExpired:
                        if left_seconds == 0:
                            raise self._too_late(arguments, within_seconds) from None
                    meanwhile()
            except BaseException:
                process.kill()
                raise

    def _in_terminal(
        self, arguments: Sequence[str], within_seconds: float, meanwhile: Callable[[], None]
    ) -> tuple[int, str, str]:
        # Not pty.fork(): in a process that also holds the Browser library's gRPC threads, a fork
        # that runs Python code breaks their pollers and loses the child's exit code.
        ours, theirs = os.openpty()
        # abra fits its tables into the terminal, and cuts what is too long.
        termios.tcsetwinsize(ours, _TERMINAL_SIZE)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            try:
                process = self._start(
                    arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
                )
            finally:
                os.close(theirs)
            try:
                output = self._read_all(terminal, arguments, within_seconds, meanwhile)
            except CcciError:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
        return process.wait(), _COLOUR.sub("", output.decode("utf-8", "replace")), ""

    def _read_all(
        self,
        terminal: RawIOBase,
        arguments: Sequence[str],
        within_seconds: float,
        meanwhile: Callable[[], None],
    ) -> bytes:
        deadline = time.monotonic() + within_seconds
        looked = time.monotonic()
        output = b""
        while True:
            left_seconds = max(deadline - time.monotonic(), 0)
            if left_seconds == 0:
                raise self._too_late(arguments, within_seconds)
            if time.monotonic() - looked >= _EVERY_SECONDS:
                meanwhile()
                looked = time.monotonic()
            if not select.select([terminal], [], [], min(left_seconds, _EVERY_SECONDS))[0]:
                continue
            try:
                read = terminal.read(65536)
            except OSError:  # The other end is closed: Linux says EIO instead of an end of file.
                return output
            if not read:
                return output
            output += read

    def _too_late(self, arguments: Sequence[str], within_seconds: float) -> CcciError:
        return blame.kind_when_late(arguments)(
            f"'abra {' '.join(arguments)}' did not end within {within_seconds:g} s and was killed. "
            "Run the same command by hand with --debug."
        )


def _nothing() -> None:
    """Look at nothing while abra runs."""


def find_abra(server: Server, abra_dir: Path) -> Abra:
    """Return the abra to use: $ABRA, the server file's, or the one on PATH.

    Raises:
        Misuse: there is none.
    """
    named = os.environ.get("ABRA") or server.abra
    found = shutil.which(str(named) if named else "abra")
    if not found:
        raise Misuse(
            f"abra was not found: {named or 'there is none on PATH'}. Install Co-op Cloud's abra, "
            "or start the lab with 'make lab-up', which has its own."
        )
    return Abra(Path(found), abra_dir)


def _deployed_by(arguments: Sequence[str]) -> str:
    """The app that a command deploys; "" when it deploys none."""
    # No flag that may stand before the domain takes a value.
    plain = [argument for argument in arguments if not argument.startswith("-")]
    return plain[2] if len(plain) > 2 and blame.deploys(blame.command_of(arguments)) else ""


def _refuse_local_commands(arguments: Sequence[str]) -> None:
    """Refuse to run a recipe's shell code, which anybody may have written, on this machine."""
    listed = list(arguments)
    options = listed[: listed.index("--")] if "--" in listed else listed
    local = [one for one in options if re.fullmatch(r"--local(=.*)?|-[a-zA-Z]*l[a-zA-Z]*", one)]
    if tuple(listed[:2]) == ("app", "cmd") and local:
        raise Misuse(
            f"'abra {' '.join(listed)}' would run the recipe's abra.sh on this machine: leave "
            f"{local[0]} out and name a service, so that it runs in that service's container."
        )


def _how_it_ended(result: AbraResult, expected: int) -> str:
    """Return the reason that a command gave, then the command, then its other lines."""
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    instead = "" if expected == 0 else f" instead of {expected}"
    ended = f"'{result.command}' ended with exit code {result.exit_code}{instead}"
    if not lines:
        return f"{ended} and wrote nothing."
    if result.exit_code == 0:
        return f"{ended}. Its last lines: {' | '.join(lines[-_LAST_LINES:])}"
    # abra writes its reason last; the backup bot may write more lines after it.
    at = max((n for n, line in enumerate(lines) if _REASON.match(line)), default=len(lines) - 1)
    reason = _REASON.sub("", lines[at]).rstrip(".")
    others = [line for n, line in enumerate(lines) if n != at][-_LAST_LINES:]
    before = f" Its other lines: {' | '.join(others)}" if others else ""
    return f"{reason}. {ended}.{before}"
