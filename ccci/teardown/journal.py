"""What each run creates, written down before it is created, so that any process can remove it.

One folder per run, ``<state>/runs/<run id>/``, with ``journal.jsonl``: one JSON object a line,
each on disk (fsync) before the call that it announces. A line that a crash cut short announced
something that was never created, and is ignored.

A run is *live* while its owner process runs or its keep time lasts, *clean* once it is closed with
nothing left, and *dead* otherwise.
"""

import json
import math
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ccci.apps import stack_name
from ccci.errors import Misuse, NodeFailure
from ccci.node.state import ProcessIdentity, private_dir
from ccci.teardown import reaper_socket

FILE = "journal.jsonl"
TEARDOWN_LOCK = "teardown.lock"
DAY_SECONDS = 86400.0
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OPENING = ".opening-"
# A teardown may take three minutes; then the results are written.
LAST_SECONDS = 300.0


@dataclass(frozen=True)
class Entry:
    """One line of a journal.

    Args:
        kind: what is created (domain, stack, secret, volume, ...), or an event of the run itself
            (run, adopted, kept, closed).
        name: its name, as the tool that creates it knows it.
        at: when it was written, seconds since 1970.
        detail: further values; never a credential.
    """

    kind: str
    name: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Journal:
    """The journal of one run.

    Args:
        run_id: the run.
        folder: its folder, which also holds its ABRA_DIR (``abra/``) and credentials (``store/``).

    Example:
        ``run = Journal.open("20260102-030405-ab12", "custom-html", ProcessIdentity.of(getpid()))``
        ``run.record("stack", "custom-html-pr0-1234567_lab_test")``
    """

    run_id: str
    folder: Path

    @classmethod
    def open(cls, run_id: str, recipe: str, owner: ProcessIdentity) -> Self:
        """Begin the journal of a new run.

        Raises:
            Misuse: the run id has characters that a folder's name should not have.
            NodeFailure: there is a run with this id already.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise Misuse(f"The run id {run_id!r} must be a plain name of up to 64 characters.")
        runs = private_dir("runs")
        # Made under another name and moved: nobody ever lists a run that has no owner yet.
        aside = runs / f"{_OPENING}{owner.pid}-{owner.start_ticks}-{run_id}"
        aside.mkdir(mode=0o700)
        cls(run_id, aside).record("run", run_id, recipe=recipe, owner=owner.to_json())
        try:
            aside.rename(runs / run_id)
        except OSError as error:
            shutil.rmtree(aside)
            raise NodeFailure(f"The run {run_id} has a journal already; use another id.") from error
        _sync_folder(runs)
        return cls(run_id, runs / run_id)

    @classmethod
    def load(cls, run_id: str) -> Self:
        """Open the journal of an existing run.

        Raises:
            Misuse: there is no such run on this node.
        """
        folder = private_dir("runs") / run_id
        if not _RUN_ID.fullmatch(run_id) or not (folder / FILE).is_file():
            raise Misuse(
                f"There is no run {run_id!r} on this node; `ls {folder.parent}` lists the runs."
            )
        return cls(run_id, folder)

    def record(self, kind: str, name: str, **detail: Any) -> None:
        """Note that something is about to be created. Returns when that is on disk.

        Args:
            kind: domain, stack, secret, volume, network, config, env, snapshot, container, path,
                browser, ...
            name: its name. A ``stack`` is torn down with everything in it; an ``env`` or ``path``
                is an absolute path; a ``browser`` is a pid, with its ``ProcessIdentity`` as detail
                ``process``.
            detail: JSON values; never a credential.

        Raises:
            NodeFailure: it cannot be written. Then nothing may be created.
        """
        line = json.dumps({"kind": kind, "name": name, "at": time.time(), **detail}).encode()
        try:
            descriptor = os.open(self.folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # A writer that died in the middle of a line must not swallow the next one.
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                _write_all(descriptor, (b"\n" if torn else b"") + line + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NodeFailure(
                f"The journal of run {self.run_id} cannot be written ({error.strerror}): free "
                f"disk space, or check {self.folder}. Nothing is created without it."
            ) from error

    def process(self, pid: int) -> None:
        """Note a process of the run that could outlive it, such as a browser."""
        self.record("browser", str(pid), process=ProcessIdentity.of(pid).to_json())

    def kept(self, until: float, domain: str) -> None:
        """Keep what the run made until the time ``until`` (seconds since 1970): KEEP=1."""
        self.record("kept", domain, until=until)
        reaper_socket.wake(self.folder)

    def limited(self, seconds: float, last_seconds: float = LAST_SECONDS) -> None:
        """Let the run's reaper end the run's owner when this time is over.

        Args:
            seconds: from now on.
            last_seconds: how long the owner then has to tear the run down, before it is killed.
        """
        # This clock is the same in all processes, and nobody sets it.
        ends_at = time.monotonic() + seconds
        self.record("limit", f"{seconds:g} s", ends_at=ends_at, killed_at=ends_at + last_seconds)
        reaper_socket.wake(self.folder)

    def adopted(self, owner: ProcessIdentity) -> None:
        """Make another process the owner of a kept run: ATTACH=1. Its reaper now watches that."""
        self.record("adopted", self.run_id, owner=owner.to_json())
        reaper_socket.wake(self.folder)

    def closed(self, verdict: str, left: Sequence[str] = ()) -> None:
        """Close the journal; the run's reaper ends too.

        Args:
            verdict: passed, failed, opted out or incomplete.
            left: what the teardown could not remove. A run with something left stays dead, not
                clean: its names stay in use and every sweep tries again.
        """
        self.record("closed", verdict, left=list(left))
        reaper_socket.wake(self.folder)

    def entries(self) -> list[Entry]:
        """Return every complete line, in order."""
        return list(self._read())

    def names(self, kind: str) -> list[str]:
        """Return the names recorded for one kind, each once, in order."""
        return list(dict.fromkeys(entry.name for entry in self._read() if entry.kind == kind))

    def stacks(self) -> list[str]:
        """Return the stacks of the run: those recorded, and those of its domains.

        A claimed domain counts before anything is made for it: secrets come before the deployment.
        """
        claimed = [stack_name(domain) for domain in self.names("domain")]
        return list(dict.fromkeys(self.names("stack") + claimed))

    def last(self, kind: str) -> Entry | None:
        """Return the newest entry of one kind."""
        return next((entry for entry in reversed(self.entries()) if entry.kind == kind), None)

    def recipe(self) -> str:
        """Return the recipe under test; empty when the journal is unreadable."""
        opened = self.last("run")
        return str(opened.detail.get("recipe", "")) if opened else ""

    def owner(self) -> ProcessIdentity | None:
        """Return the process that owns the run; None when the journal is unreadable."""
        entry = self.last("adopted") or self.last("run")
        return ProcessIdentity.from_json(entry.detail["owner"]) if entry else None

    def reaper(self) -> ProcessIdentity | None:
        """Return the reaper that was started last; it may have ended."""
        entry = self.last("reaper")
        return ProcessIdentity.from_json(entry.detail["process"]) if entry else None

    def kept_until(self) -> float:
        """Return when the run's keep time ends (seconds since 1970); 0 when it is not kept."""
        entry = self.last("kept")
        return float(entry.detail["until"]) if entry else 0.0

    def ends_at(self) -> tuple[float, float]:
        """Return when the run's owner is told to end, and when it is killed (`time.monotonic`)."""
        entry = self.last("limit")
        if entry is None:
            return math.inf, math.inf
        return float(entry.detail["ends_at"]), float(entry.detail["killed_at"])

    def overdue(self) -> str:
        """Return in a sentence that the run took too long and was ended; "" if it was not."""
        entry, limit = self.last("overdue"), self.last("limit")
        # A kept run goes on with another limit.
        return entry.name if entry and limit and entry.at > limit.at else ""

    def verdict(self) -> str | None:
        """Return the verdict with which the journal was closed; None while it is open."""
        entry = self.last("closed")
        return entry.name if entry else None

    def left(self) -> list[str]:
        """Return what the last teardown could not remove."""
        entry = self.last("closed")
        return list(entry.detail.get("left", ())) if entry else []

    def is_closed(self) -> bool:
        """Return whether the run has ended, with or without something left."""
        return self.last("closed") is not None

    def is_clean(self) -> bool:
        """Return whether the run is closed and nothing is left of it."""
        return self.is_closed() and not self.left()

    def is_live(self) -> bool:
        """Return whether the run's owner is running or its keep time lasts."""
        if self.is_closed():
            return False
        owner = self.owner()
        return (owner is not None and owner.alive()) or time.time() < self.kept_until()

    def is_dead(self) -> bool:
        """Return whether the run is neither live nor clean: it must be torn down."""
        return not self.is_live() and not self.is_clean()

    def _read(self) -> Iterator[Entry]:
        try:
            lines = (self.folder / FILE).read_bytes().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                fields = json.loads(line)
                entry = Entry(
                    str(fields.pop("kind")),
                    str(fields.pop("name")),
                    float(fields.pop("at")),
                    fields,
                )
            except (ValueError, KeyError, AttributeError, TypeError):
                continue
            yield entry


def all_runs() -> list[Journal]:
    """Return every run that has a folder on this node, oldest first."""
    folders = sorted(folder for folder in private_dir("runs").iterdir() if folder.is_dir())
    return [Journal(folder.name, folder) for folder in folders if folder.name[0] != "."]


def live_runs() -> list[Journal]:
    """Return the runs whose owner is alive or whose keep time lasts."""
    return [run for run in all_runs() if run.is_live()]


def dead_runs() -> list[Journal]:
    """Return the runs whose owner died and that are not clean.

    The reaper of one of them may be tearing it down at this moment: ask ``run.reaper()``.
    """
    return [run for run in all_runs() if run.is_dead()]


def known_stacks(closed_within_seconds: float = DAY_SECONDS) -> list[str]:
    """Return the stacks of every run that is not clean, or was closed not long ago.

    Args:
        closed_within_seconds: how long ago a clean run may have been closed.
    """
    since = time.time() - closed_within_seconds
    stacks: dict[str, None] = {}
    for run in all_runs():
        closed = run.last("closed")
        if closed is None or run.left() or closed.at >= since:
            stacks.update(dict.fromkeys(run.stacks()))
    return list(stacks)


def forget_unopened() -> list[str]:
    """Remove the folders of runs that were killed while their journal was being opened."""
    gone = []
    for folder in private_dir("runs").glob(f"{_OPENING}*"):
        pid, start_ticks, _ = folder.name.removeprefix(_OPENING).split("-", 2)
        try:
            owner_runs = ProcessIdentity.of(int(pid)).start_ticks == int(start_ticks)
        except ProcessLookupError:
            owner_runs = False
        if not owner_runs:
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder.name)
    return gone


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
