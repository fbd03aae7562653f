"""The restic repository: opened or made, written to, read from. One process each time."""

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
_INCOMPLETE = 3  # restic's exit code for a snapshot that lacks files that it could not read
_INIT_GUARD = Path("/run/lock/backup-bot-two.init")


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
        """The eight characters by which restic's users name it."""
        return self.id[:8]


@dataclass(frozen=True)
class Node:
    """One file or folder of a snapshot."""

    path: str
    kind: str
    modified: str


def read_snapshot(row: Mapping[str, Any]) -> Snapshot:
    """Make a Snapshot of what `restic snapshots --json` says of one."""
    # restic writes nanoseconds, Python reads microseconds.
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
    """The snapshot that a user means; never one of another app.

    Args:
        snapshots: all snapshots of the repository.
        stacks: the names that the app's stack may have.
        wanted: "latest", or an id or the beginning of one.

    Raises:
        BackupError: if there is none, or it is another app's.
    """
    own = [s for s in snapshots if s.stack in stacks and TAG in s.tags]
    if wanted == "latest":
        if not own:
            raise BackupError(f"there is no snapshot of {stacks[0]} in the repository")
        return max(own, key=lambda s: s.time)
    named = [s for s in snapshots if len(wanted) >= 4 and s.id.startswith(wanted)]
    mine = [s for s in named if s in own]
    if len(mine) > 1:
        raise BackupError(f"{wanted} is the beginning of {len(mine)} snapshots: say more of it")
    if mine:
        return mine[0]
    if named:
        raise BackupError(f"snapshot {wanted} is not one of {stacks[0]}: it belongs to another")
    raise BackupError(f"there is no snapshot {wanted} of {stacks[0]}")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a restic process; S3's secret key is read from its secret file.

    Raises:
        BackupError: if RESTIC_REPOSITORY is missing, or a named file cannot be read.
    """
    made = dict(given)
    if not made.get("RESTIC_REPOSITORY"):
        raise BackupError("RESTIC_REPOSITORY is not set: name a path or s3:https://...")
    key_file = made.pop("AWS_SECRET_ACCESS_KEY_FILE", "")
    if key_file:
        try:
            made["AWS_SECRET_ACCESS_KEY"] = Path(key_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BackupError(f"the S3 secret key cannot be read: {error}") from error
    return made


class Repository:
    """The repository named by RESTIC_REPOSITORY, opened with RESTIC_PASSWORD_FILE.

    Args:
        variables: environment to take them from.
        say: takes a line of progress.

    Raises:
        BackupError: from every method, with restic's own words where it says why.
    """

    def __init__(self, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._environment = environment(variables)
        self._say = say
        self.location = self._environment["RESTIC_REPOSITORY"]
        self._options = ["--cache-dir", "/var/cache/restic"]
        if self.location.startswith("/"):
            # A cache only copies what lies on the same disk already.
            self._options = ["--no-cache"]

    def make_if_missing(self) -> None:
        """Make the repository if there is none; one that is seen to exist is not opened."""
        # Opening costs half a second (the password is stretched), and what follows opens it anyway.
        if not (self.location.startswith("/") and Path(self.location, "config").is_file()):
            self.open_or_make()

    def open_or_make(self) -> None:
        """Open the repository; make it if there is none."""
        if self._is_missing():
            _INIT_GUARD.parent.mkdir(parents=True, exist_ok=True)
            with _INIT_GUARD.open("w") as guard:
                # Two first backups at once would each make one, with two keys and one config.
                fcntl.flock(guard, fcntl.LOCK_EX)
                if self._is_missing():
                    self._say(f"making a restic repository at {self.location}")
                    self._run("init")

    def unlock_stale(self) -> None:
        """Remove the locks of processes that are gone.

        This is restic's own rule: locks of this host (the recipe gives the bot a fixed host name,
        and one container at a time) whose process is gone, and locks not renewed for 30 minutes.
        A lock that is in use stays.
        """
        self._restic("unlock")

    def backup(self, stack: str, version: str, paths: Sequence[str]) -> str:
        """Take a snapshot; returns its id.

        Raises:
            BackupError: if a file could not be read. No snapshot is left then.
        """
        arguments = ["backup", "--json", "--host", stack, "--tag", TAG]
        # A second tag as the original sets it, so that tools which look for that find it.
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
            raise BackupError(f"some files could not be read: {_said(done)}")
        raise BackupError(f"restic backup failed: {_said(done)}")

    def forget(self, snapshot: str) -> None:
        """Remove a snapshot."""
        self._run("forget", snapshot)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """All snapshots, of every app, oldest first."""
        rows = json.loads(self._run("snapshots", "--json").stdout or "[]") or []
        return tuple(sorted((read_snapshot(row) for row in rows), key=lambda s: s.time))

    def nodes(self, snapshot: Snapshot) -> Iterator[Node]:
        """Every file and folder at or below the paths that the snapshot was taken of."""
        tops = tuple(f"{path}/" for path in snapshot.paths)
        for row in _json_lines(self._run("ls", "--json", snapshot.id).stdout):
            path = str(row.get("path", ""))
            if row.get("struct_type") == "node" and f"{path}/".startswith(tops):
                yield Node(path, str(row.get("type", "")), str(row.get("mtime", "")))

    def restore(self, snapshot: Snapshot, target: str, includes: Sequence[str]) -> None:
        """Write files back.

        Files that the snapshot does not have stay where they are: restic's restore deletes
        nothing, and neither does the original bot.
        """
        arguments = ["restore", snapshot.id, "--target", target]
        for path in includes:
            arguments += ["--include", _literal(path)]
        self._run(*arguments)

    @contextmanager
    def tar(self, snapshot: Snapshot) -> Iterator[IO[bytes]]:
        """The whole snapshot as a tar stream; an early end raises when the block is left."""
        command = ["restic", *self._options, "dump", "--archive", "tar", snapshot.id, "/"]
        with subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            yield process.stdout
            process.stdout.read()
            _, said = process.communicate()
        if process.returncode:
            raise BackupError(f"restic dump failed: {said.decode(errors='replace').strip()}")

    def _is_missing(self) -> bool:
        done = self._restic("cat", "config", "--no-lock")
        if done.returncode == 0:
            return False
        said = _said(done)
        if "wrong password" in said:
            raise BackupError(f"the repository at {self.location} has another password")
        if "unable to open config file" in said or "repository does not exist" in said:
            return True
        raise BackupError(f"the repository at {self.location} cannot be opened: {said}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self._run_with_lock(arguments)
        if done.returncode:
            raise BackupError(f"restic {arguments[0]} failed: {_said(done)}")
        return done

    def _run_with_lock(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run restic; while another process holds a lock that excludes us, try again."""
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while True:
            done = self._restic(*arguments)
            if done.returncode == 0 or "already locked" not in done.stderr:
                return done
            if time.monotonic() > deadline:
                raise BackupError(
                    f"the repository stayed locked for {_LOCK_WAIT_SECONDS:.0f} s: {_said(done)}"
                )
            self._say("the repository is locked by another backup; trying again")
            self.unlock_stale()
            # restic of this age cannot wait for a lock by itself (--retry-lock came in 0.16).
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
                said, complained = process.communicate()
            except KeyboardInterrupt:
                # The one signal after which restic takes its lock away; it ends at once.
                process.send_signal(signal.SIGINT)
                process.communicate()
                raise
        return subprocess.CompletedProcess(command, process.returncode, said, complained)


def _json_lines(text: str) -> list[dict[str, Any]]:
    rows = []
    for line in text.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    return rows


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """restic's complaint in a few lines; with --json it complains in JSON."""
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
    """A path as a restic pattern that matches only itself."""
    return "".join(f"\\{c}" if c in "*?[\\" else c for c in path)
