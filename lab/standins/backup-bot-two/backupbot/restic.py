"""The restic repository; each method runs restic in a new process."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from backupbot.errors import BackupError

TAG = "backup-bot-two"
_LOCK_WAIT_SECONDS = 300.0
_LOCK_POLL_SECONDS = 1.0
_INCOMPLETE = 3  # restic's exit code for a snapshot without some files that it could not read
_INIT_LOCK = Path("/run/lock/backup-bot-two.init")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of one stack."""

    id: str
    time: datetime
    stack: str
    paths: tuple[str, ...]
    tags: tuple[str, ...] = ()

    @property
    def short_id(self) -> str:
        """The first eight characters of the id, which users need."""
        return self.id[:8]


@dataclass(frozen=True)
class Node:
    """One file or folder of a snapshot."""

    path: str
    kind: str
    modified: str


def read_snapshot(row: Mapping[str, Any]) -> Snapshot:
    """Create a Snapshot from an entry of `restic snapshots --json`."""
    # restic writes nanoseconds, but Python can read only microseconds.
    stamp = str(row["time"])
    whole, _, rest = stamp.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    return Snapshot(
        id=str(row["id"]),
        time=datetime.fromisoformat((whole + zone).replace("Z", "+00:00")),
        stack=str(row["hostname"]),
        paths=tuple(row.get("paths") or ()),
        tags=tuple(row.get("tags") or ()),
    )


def choose(snapshots: Sequence[Snapshot], stacks: Sequence[str], wanted: str) -> Snapshot:
    """Return the snapshot with an id, or the latest one; never a snapshot of another app.

    Args:
        snapshots: all snapshots of the repository.
        stacks: the names that the app's stack may have.
        wanted: "latest", or an id or its start.

    Raises:
        BackupError: there is none, or it is a snapshot of another app.
    """
    own = [s for s in snapshots if s.stack in stacks and TAG in s.tags]
    if wanted == "latest":
        if not own:
            raise BackupError(f"there is no snapshot of {stacks[0]} in the repository")
        return max(own, key=lambda s: s.time)
    named = [s for s in snapshots if len(wanted) >= 4 and s.id.startswith(wanted)]
    mine = [s for s in named if s in own]
    if len(mine) > 1:
        raise BackupError(f"the ids of {len(mine)} snapshots start with {wanted}: use a longer id")
    if mine:
        return mine[0]
    if named:
        raise BackupError(f"snapshot {wanted} is not of {stacks[0]}: it belongs to another app")
    raise BackupError(f"there is no snapshot {wanted} of {stacks[0]}")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a restic process, with the secret key of S3 from its file.

    Raises:
        BackupError: RESTIC_REPOSITORY is not set, or the file cannot be read.
    """
    variables = dict(given)
    if not variables.get("RESTIC_REPOSITORY"):
        raise BackupError("RESTIC_REPOSITORY is not set: set it to a path or s3:https://...")
    key_file = variables.pop("AWS_SECRET_ACCESS_KEY_FILE", "")
    if key_file:
        try:
            variables["AWS_SECRET_ACCESS_KEY"] = Path(key_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BackupError(f"the S3 secret key cannot be read: {error}") from error
    return variables


class Repository:
    """The repository at RESTIC_REPOSITORY, opened with RESTIC_PASSWORD_FILE.

    Args:
        variables: the environment with these variables.
        say: is called with each line of progress.

    Raises:
        BackupError: raised by every method if restic fails; the message has restic's errors.
    """

    def __init__(self, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._environment = environment(variables)
        self._say = say
        self.location = self._environment["RESTIC_REPOSITORY"]
        self._options = ["--cache-dir", "/var/cache/restic"]
        if self.location.startswith("/"):
            # A cache would only be a copy on the same disk.
            self._options = ["--no-cache"]

    def create_if_missing(self) -> None:
        """Create the repository if there is none, without opening one that exists."""
        # Opening it takes half a second, and the next call of restic opens it anyway.
        if not (self.location.startswith("/") and Path(self.location, "config").is_file()):
            self.open_or_create()

    def open_or_create(self) -> None:
        """Check that the repository can be opened; create it if there is none."""
        if self._is_missing():
            _INIT_LOCK.parent.mkdir(parents=True, exist_ok=True)
            with _INIT_LOCK.open("w") as lock:
                # Without the lock, two first backups at the same time would both create it.
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._is_missing():
                    self._say(f"creating a restic repository at {self.location}")
                    self._run("init")

    def unlock_stale(self) -> None:
        """Remove stale locks, and keep those that are in use.

        For restic, a lock is stale if its process on this host does not exist, or if it was not
        renewed for 30 minutes. The recipe gives the bot a fixed host name and one container.
        """
        self._restic("unlock")

    def backup(self, stack: str, version: str, paths: Sequence[str]) -> str:
        """Create a snapshot; return its id.

        Raises:
            BackupError: a file could not be read; no snapshot is kept then.
        """
        arguments = ["backup", "--json", "--host", stack, "--tag", TAG]
        # A second tag, as the original sets it, for tools that use it.
        arguments += ["--tag", f"{stack}:{version}".replace(",", "_"), "--", *paths]
        done = self._run_with_lock(arguments)
        messages = _json_lines(done.stdout)
        summary = next((m for m in messages if m.get("message_type") == "summary"), {})
        snapshot = str(summary.get("snapshot_id", ""))
        if done.returncode == 0 and snapshot:
            self._say(
                f"snapshot {snapshot[:8]}: {summary.get('total_files_processed', '?')} files, "
                f"{summary.get('total_bytes_processed', '?')} bytes"
            )
            return snapshot
        if done.returncode == _INCOMPLETE and snapshot:
            self.forget(snapshot)
            raise BackupError(f"some files could not be read: {_errors(done)}")
        raise BackupError(f"restic backup failed: {_errors(done)}")

    def forget(self, snapshot: str) -> None:
        """Remove a snapshot."""
        self._run("forget", snapshot)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return the snapshots of all apps, oldest first."""
        rows = json.loads(self._run("snapshots", "--json").stdout or "[]") or []
        return tuple(sorted((read_snapshot(row) for row in rows), key=lambda s: s.time))

    def nodes(self, snapshot: Snapshot) -> Iterator[Node]:
        """Yield every file and folder in the paths of the snapshot."""
        tops = tuple(f"{path}/" for path in snapshot.paths)
        for row in _json_lines(self._run("ls", "--json", snapshot.id).stdout):
            path = str(row.get("path", ""))
            if row.get("struct_type") == "node" and f"{path}/".startswith(tops):
                yield Node(path, str(row.get("type", "")), str(row.get("mtime", "")))

    def restore(self, snapshot: Snapshot, target: str, includes: Sequence[str]) -> None:
        """Restore files.

        Files that are not in the snapshot are kept: restic deletes nothing, nor does the original
        bot.
        """
        arguments = ["restore", snapshot.id, "--target", target]
        for path in includes:
            arguments += ["--include", _literal(path)]
        self._run(*arguments)

    @contextmanager
    def tar(self, snapshot: Snapshot) -> Iterator[IO[bytes]]:
        """Yield the snapshot as a tar stream; raise after the block if restic failed."""
        command = ["restic", *self._options, "dump", "--archive", "tar", snapshot.id, "/"]
        with subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            yield process.stdout
            process.stdout.read()
            _, errors = process.communicate()
        if process.returncode:
            raise BackupError(f"restic dump failed: {errors.decode(errors='replace').strip()}")

    def _is_missing(self) -> bool:
        done = self._restic("cat", "config", "--no-lock")
        if done.returncode == 0:
            return False
        errors = _errors(done)
        if "wrong password" in errors:
            raise BackupError(f"the repository at {self.location} has another password")
        if "unable to open config file" in errors or "repository does not exist" in errors:
            return True
        raise BackupError(f"the repository at {self.location} cannot be opened: {errors}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self._run_with_lock(arguments)
        if done.returncode:
            raise BackupError(f"restic {arguments[0]} failed: {_errors(done)}")
        return done

    def _run_with_lock(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run restic; try again while another process has locked the repository."""
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while True:
            done = self._restic(*arguments)
            if done.returncode == 0 or "already locked" not in done.stderr:
                return done
            if time.monotonic() > deadline:
                raise BackupError(
                    f"the repository was locked for {_LOCK_WAIT_SECONDS:.0f} s: {_errors(done)}"
                )
            self._say("the repository is locked by another backup; trying again")
            self.unlock_stale()
            # Before version 0.16, restic cannot wait for a lock itself (--retry-lock).
            time.sleep(_LOCK_POLL_SECONDS)

    def _restic(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["restic", *self._options, *arguments]
        with subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            try:
                output, errors = process.communicate()
            except KeyboardInterrupt:
                # After this signal, restic removes its lock and ends.
                process.send_signal(signal.SIGINT)
                process.communicate()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _json_lines(text: str) -> list[dict[str, Any]]:
    rows = []
    for line in text.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    return rows


def _errors(done: subprocess.CompletedProcess[str]) -> str:
    """Return the first errors of restic, which are JSON if it was called with --json."""
    lines = []
    for line in done.stderr.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            reason = row.get("error") or row.get("message") or ""
            if isinstance(reason, dict):
                reason = reason.get("message") or reason.get("Err") or json.dumps(reason)
            lines.append(f"{row.get('item', '')} {reason}".strip())
        elif line.strip():
            lines.append(line.strip())
    return "; ".join(lines[:8]) or f"exit code {done.returncode}"


def _literal(path: str) -> str:
    """Return a restic pattern that matches this path only."""
    return "".join(f"\\{c}" if c in "*?[\\" else c for c in path)
