"""What the loop must not forget: which comments it handled, what was asked for, what it posted.

One sqlite file for each organisation, below the node's state folder. Every step of a request is one
transaction, so that a process may be killed anywhere: what is not written down has not happened,
and is done again.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from ccci.errors import NodeFailure
from ccci.loop.settings import ForgeSettings
from ccci.node.locks import locked
from ccci.node.state import ProcessIdentity, private_dir

State = Literal[
    "queued", "running", "stopping", "done", "refused", "superseded", "stopped", "broken"
]
# What the run said on its terminal; it stays.
RUN_LOG = "run.log"
LIVE: tuple[State, ...] = ("queued", "running", "stopping")
_BUSY_SECONDS = 30.0
# A turn of another poller may fetch a large repository.
_TURN_SECONDS = 900.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS boots (boot_id TEXT PRIMARY KEY, seen REAL NOT NULL);
CREATE TABLE IF NOT EXISTS repositories (name TEXT PRIMARY KEY, seen_until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS comments (id INTEGER PRIMARY KEY, handled REAL NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    comment INTEGER PRIMARY KEY, repository TEXT NOT NULL, pull_request INTEGER NOT NULL,
    body TEXT NOT NULL, posted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, comment INTEGER NOT NULL, repository TEXT NOT NULL,
    pull_request INTEGER NOT NULL, head TEXT NOT NULL, recipe TEXT NOT NULL,
    hash TEXT NOT NULL, asked_by TEXT NOT NULL, asked REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued', ending TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
    run_id TEXT NOT NULL DEFAULT '', process TEXT NOT NULL DEFAULT '',
    changed REAL NOT NULL, status_posted TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0,
    UNIQUE (comment, recipe)
);
CREATE TABLE IF NOT EXISTS threads (
    repository TEXT NOT NULL, pull_request INTEGER NOT NULL, recipe TEXT NOT NULL,
    comment INTEGER NOT NULL DEFAULT 0, url TEXT NOT NULL DEFAULT '',
    body_posted TEXT NOT NULL DEFAULT '', uploads TEXT NOT NULL DEFAULT '{}',
    uploads_of TEXT NOT NULL DEFAULT '', not_uploaded TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (repository, pull_request, recipe)
);
"""
# What was added since, in order; the file knows how many of these it has (PRAGMA user_version).
_CHANGES = (
    (
        "ALTER TABLE requests ADD COLUMN waits TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE requests ADD COLUMN failing_since REAL NOT NULL DEFAULT 0",
        "UPDATE requests SET waits = note, note = ''"
        " WHERE state = 'queued' AND note LIKE 'waits for %'",
    ),
)


@dataclass(frozen=True)
class Wanted:
    """One recipe that a comment asks to be tested.

    Attributes:
        recipe: its name.
        hash: the full hash of the commit to test.
    """

    recipe: str
    hash: str


@dataclass(frozen=True)
class Request:
    """One recipe that somebody asked to be tested at one commit.

    Attributes:
        id: its number.
        comment: the comment that asked.
        repository: where the comment stands.
        pull_request: the number of the pull request there.
        head: the pull request's head when the comment was seen; statuses go there.
        recipe: what is tested.
        hash: the commit under test; the head, unless another recipe is tested.
        asked_by: who asked.
        asked: when, in seconds since 1970.
        state: where it stands.
        ending: what it becomes when its run has ended: stopped or superseded.
        note: what people should know to the end, one sentence, or "".
        attempts: how many runs were begun for it.
        run_id: of the run that was begun last.
        process: of that run; None before it began.
        changed: when the state changed last.
        status_posted: the commit status that the forge has.
        waits: what it waits for before its run begins, or "".
        failing_since: when its fetching failed first, 0 where it did not since it last went well.
    """

    id: int
    comment: int
    repository: str
    pull_request: int
    head: str
    recipe: str
    hash: str
    asked_by: str
    asked: float
    state: State
    ending: str
    note: str
    attempts: int
    run_id: str
    process: ProcessIdentity | None
    changed: float
    status_posted: str
    waits: str
    failing_since: float


@dataclass(frozen=True)
class Thread:
    """The one comment of ours for a pull request and recipe.

    Attributes:
        comment: the forge's number of it; 0 before it is written.
        url: its page.
        body_posted: the text that the forge has.
        uploads: attached file's name to address.
        uploads_of: the run whose files these are.
        not_uploaded: why that run's files are not all there, or "".
    """

    comment: int = 0
    url: str = ""
    body_posted: str = ""
    uploads: dict[str, str] = field(default_factory=dict)
    uploads_of: str = ""
    not_uploaded: str = ""


@dataclass(frozen=True)
class Answer:
    """A short answer to one comment, to be posted once."""

    comment: int
    repository: str
    pull_request: int
    body: str


class Store:
    """The sqlite file, opened. One object for each thread that uses it.

    Example:
        store = Store.of(load_forge_settings())
    """

    def __init__(self, folder: Path) -> None:
        """Open the store, and make it where it is missing.

        Args:
            folder: of the store and of all that is kept of its requests.
        """
        self.folder = folder
        self.path = self.folder / "loop.sqlite"
        self._db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        self.path.chmod(0o600)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self._bring_up_to_date()

    @classmethod
    def of(cls, settings: ForgeSettings) -> Self:
        """Open the node's own store for one organisation on one forge."""
        host = urlsplit(settings.url).netloc.replace(":", "-")
        return cls(private_dir("loop", f"{host}-{settings.organisation}"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def turn(self) -> AbstractContextManager[None]:
        """Hold the store for a turn: two pollers on one node take theirs one after the other."""
        return locked(self.folder / "turn.lock", _TURN_SECONDS)

    def folder_of(self, request: Request) -> Path:
        """Return what is kept of a request on the node: fetched files, logs, results."""
        folder = self.folder / "requests" / str(request.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def tidy(self, request: Request) -> None:
        """Remove what is not needed once the forge has the last word of a request."""
        for path in self.folder_of(request).iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != RUN_LOG:
                path.unlink()

    def fact(self, name: str, value: str) -> str:
        """Return what is known by a name; note `value` where nothing is known yet."""
        self._run("INSERT OR IGNORE INTO facts VALUES (?, ?)", name, value)
        return str(self._one("SELECT value FROM facts WHERE name = ?", name)["value"])

    def note_boot(self, boot_id: str) -> bool:
        """Note a boot, once each; tell whether it was a reboot since the last one noted."""
        with self._transaction():
            known = self._all("SELECT boot_id FROM boots")
            fresh = self._run("INSERT OR IGNORE INTO boots VALUES (?, ?)", boot_id, time.time())
        return bool(known) and fresh == 1

    def boots(self) -> list[str]:
        """Return the boots that were noted, in their order."""
        return [row["boot_id"] for row in self._all("SELECT boot_id FROM boots ORDER BY seen")]

    def seen_until(self, repository: str) -> str:
        """Return the time of the newest comment handled in a repository, or ""."""
        rows = self._all("SELECT seen_until FROM repositories WHERE name = ?", repository)
        return rows[0]["seen_until"] if rows else ""

    def saw_until(self, repository: str, moment: str) -> None:
        """Note that every comment of a repository up to a time is handled."""
        self._run("INSERT OR REPLACE INTO repositories VALUES (?, ?)", repository, moment)

    def is_handled(self, comment: int) -> bool:
        """Tell whether a comment was handled."""
        return bool(self._all("SELECT 1 FROM comments WHERE id = ?", comment))

    def ask(
        self,
        comment: int,
        repository: str,
        pull_request: int,
        head: str,
        asked_by: str,
        wanted: Sequence[Wanted],
    ) -> bool:
        """Queue what a comment asks for; older requests for the same are superseded.

        Returns:
            False where the comment was handled before: nothing was changed.
        """
        with self._transaction():
            if not self._handle(comment):
                return False
            for one in wanted:
                self._end(repository, pull_request, "superseded", one.recipe)
                self._run(
                    "INSERT INTO requests (comment, repository, pull_request, head, recipe, hash,"
                    " asked_by, asked, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    comment, repository, pull_request, head, one.recipe, one.hash, asked_by,
                    time.time(), time.time(),
                )  # fmt: skip
                self._run(
                    "INSERT OR IGNORE INTO threads (repository, pull_request, recipe)"
                    " VALUES (?, ?, ?)",
                    repository, pull_request, one.recipe,
                )  # fmt: skip
        return True

    def stop(self, comment: int, repository: str, pull_request: int) -> bool:
        """End everything that is asked for a pull request; False where it was handled before."""
        with self._transaction():
            if not self._handle(comment):
                return False
            self._end(repository, pull_request, "stopped")
        return True

    def answer(self, comment: int, repository: str, pull_request: int, body: str) -> bool:
        """Queue a short answer to a comment; False where it was handled before."""
        with self._transaction():
            if not self._handle(comment):
                return False
            self._run(
                "INSERT INTO answers (comment, repository, pull_request, body)"
                " VALUES (?, ?, ?, ?)",
                comment, repository, pull_request, body,
            )  # fmt: skip
        return True

    def ignore(self, comment: int) -> None:
        """Note that a comment is none of our business, for ever."""
        self._handle(comment)

    def answers_to_post(self) -> list[Answer]:
        """Return the answers that the forge does not have yet."""
        rows = self._all("SELECT * FROM answers WHERE posted = 0 ORDER BY comment")
        return [Answer(r["comment"], r["repository"], r["pull_request"], r["body"]) for r in rows]

    def answered(self, comment: int) -> None:
        """Note that the answer to a comment is posted."""
        self._run("UPDATE answers SET posted = 1 WHERE comment = ?", comment)

    def requests(self, *states: State) -> list[Request]:
        """Return the requests in some states, or all; the oldest first."""
        marks = ",".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        rows = self._all(f"SELECT * FROM requests {where} ORDER BY id", *states)
        return [_request(row) for row in rows]

    def request(self, number: int) -> Request:
        """Return one request."""
        return _request(self._one("SELECT * FROM requests WHERE id = ?", number))

    def untold(self) -> list[Request]:
        """Return the requests of which the forge may not have the last word; the oldest first."""
        return [_request(row) for row in self._all("SELECT * FROM requests WHERE told = 0")]

    def told(self, request: Request) -> None:
        """Note that the forge has all of a request as it stands here."""
        self._run(
            "UPDATE requests SET told = 1 WHERE id = ? AND state = ?", request.id, request.state
        )

    def newest(self, request: Request) -> int:
        """Return the number of the newest request for the same: the one that is commented on."""
        row = self._one(
            "SELECT max(id) AS id FROM requests"
            " WHERE repository = ? AND pull_request = ? AND recipe = ?",
            *_key(request),
        )
        return int(row["id"])

    def begin(self, number: int, run_id: str) -> bool:
        """Take a queued request for a run; False where another process took or ended it."""
        begun = self._run(
            "UPDATE requests SET state = 'running', run_id = ?, process = '',"
            " waits = '', failing_since = 0, attempts = attempts + 1, changed = ?"
            " WHERE id = ? AND state = 'queued'",
            run_id, time.time(), number,
        )  # fmt: skip
        return begun == 1

    def began(self, number: int, process: ProcessIdentity) -> None:
        """Note the process of a request's run."""
        words = json.dumps(process.to_json())
        self._run("UPDATE requests SET process = ? WHERE id = ?", words, number)

    def move(self, number: int, state: State, note: str | None = None) -> None:
        """Note where a request stands now."""
        self._run(
            "UPDATE requests SET state = ?, note = coalesce(?, note), changed = ?, told = 0,"
            " waits = '', failing_since = 0 WHERE id = ?",
            state, note, time.time(), number,
        )  # fmt: skip

    def say(self, number: int, note: str) -> None:
        """Note what people should know of a request."""
        self._run("UPDATE requests SET note = ? WHERE id = ?", note, number)

    def wait(self, number: int, what: str, failing_since: float) -> None:
        """Note what a queued request waits for, until it moves."""
        self._run(
            "UPDATE requests SET waits = ?, failing_since = ? WHERE id = ? AND state = 'queued'",
            what, failing_since, number,
        )  # fmt: skip

    def posted_status(self, number: int, status: str) -> None:
        """Note which commit status the forge has of a request."""
        self._run("UPDATE requests SET status_posted = ? WHERE id = ?", status, number)

    def thread(self, request: Request) -> Thread:
        """Return the comment of ours that a request is told in."""
        row = self._one(
            "SELECT * FROM threads WHERE repository = ? AND pull_request = ? AND recipe = ?",
            *_key(request),
        )
        return Thread(
            row["comment"], row["url"], row["body_posted"], json.loads(row["uploads"]),
            row["uploads_of"], row["not_uploaded"],
        )  # fmt: skip

    def keep_thread(self, request: Request, thread: Thread) -> None:
        """Note what the forge has of a thread."""
        self._run(
            "UPDATE threads SET comment = ?, url = ?, body_posted = ?, uploads = ?,"
            " uploads_of = ?, not_uploaded = ?"
            " WHERE repository = ? AND pull_request = ? AND recipe = ?",
            thread.comment, thread.url, thread.body_posted, json.dumps(thread.uploads),
            thread.uploads_of, thread.not_uploaded, *_key(request),
        )  # fmt: skip

    def _handle(self, comment: int) -> bool:
        noted = self._run("INSERT OR IGNORE INTO comments VALUES (?, ?)", comment, time.time())
        return noted == 1

    def _end(self, repository: str, pull_request: int, ending: State, recipe: str = "") -> None:
        """Queued requests end at once; a running one ends when its run is torn down."""
        which = "repository = ? AND pull_request = ? AND (? = '' OR recipe = ?)"
        chosen = (repository, pull_request, recipe, recipe)
        now = time.time()
        self._run(
            "UPDATE requests SET state = ?, changed = ?, waits = '', failing_since = 0"
            f" WHERE state = 'queued' AND {which}",
            ending, now, *chosen,
        )  # fmt: skip
        self._run(
            "UPDATE requests SET state = 'stopping', ending = ?, changed = ?"
            f" WHERE state = 'running' AND {which}",
            ending, now, *chosen,
        )  # fmt: skip

    def _bring_up_to_date(self) -> None:
        with self._transaction():
            (known,) = self._one("PRAGMA user_version")
            for change in _CHANGES[known:]:
                for statement in change:
                    self._run(statement)
            if known < len(_CHANGES):
                self._run(f"PRAGMA user_version = {len(_CHANGES)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # At once for writing: two pollers must not both read what only one of them may change.
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        finally:
            # A full disk has ended the transaction already.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _run(self, statement: str, *values: Any) -> int:
        try:
            return self._db.execute(statement, values).rowcount
        except sqlite3.OperationalError as error:
            raise NodeFailure(f"{self.path} cannot be written: {error}.") from error

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise NodeFailure(f"{self.path} cannot be read: {error}.") from error

    def _one(self, statement: str, *values: Any) -> sqlite3.Row:
        return self._all(statement, *values)[0]


def _key(request: Request) -> tuple[str, int, str]:
    return request.repository, request.pull_request, request.recipe


def _request(row: sqlite3.Row) -> Request:
    fields = dict(row)
    del fields["told"]
    process = fields["process"]
    fields["process"] = ProcessIdentity.from_json(json.loads(process)) if process else None
    return Request(**fields)
