"""The loop's database: which comments it has handled, what was requested, what it has posted.

One SQLite file for each organisation, in the node's state folder. Every step of a request is one
transaction, so a process may be killed at any point: a step that is not in the database has not
happened, and is done again.
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
# The terminal output of the run; it is kept.
RUN_LOG = "run.log"
LIVE: tuple[State, ...] = ("queued", "running", "stopping")
_BUSY_SECONDS = 30.0
_SCARCE_BYTES = 1 << 20
# Another poller may be fetching a large repository in its cycle.
_CYCLE_SECONDS = 900.0
# The first version of the tables; `_MIGRATIONS` brings them up to date.
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
# Migrations, in order; the file knows how many of these it has (PRAGMA user_version).
_MIGRATIONS = (
    (
        "ALTER TABLE requests ADD COLUMN waits TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE requests ADD COLUMN failing_since REAL NOT NULL DEFAULT 0",
        "UPDATE requests SET waits = note, note = ''"
        " WHERE state = 'queued' AND note LIKE 'waits for %'",
    ),
    (
        # The quotes are necessary, as COMMIT is a keyword of SQL.
        'ALTER TABLE requests RENAME COLUMN hash TO "commit"',
        "ALTER TABLE requests RENAME COLUMN head TO pull_request_commit",
        "ALTER TABLE requests RENAME COLUMN waits TO waiting_for",
        "ALTER TABLE requests RENAME COLUMN told TO posted",
    ),
    (
        "CREATE TABLE failures (what TEXT PRIMARY KEY, since REAL NOT NULL,"
        " count INTEGER NOT NULL, next_try REAL NOT NULL)",
    ),
)


@dataclass(frozen=True)
class RecipeCommit:
    """A recipe at one commit, as a comment asks for it.

    Attributes:
        recipe: its name.
        commit: the full hash of the commit to test.
    """

    recipe: str
    commit: str


@dataclass(frozen=True)
class Request:
    """A request to test one recipe at one commit.

    Attributes:
        id: its number.
        comment: the id of the comment that asked.
        repository: the repository of the pull request.
        pull_request: the number of the pull request.
        pull_request_commit: the newest commit of the pull request when the comment was seen; the
            status is set on it.
        recipe: the recipe to test.
        commit: the commit to test; differs from `pull_request_commit` where the recipe is not the
            one of the repository.
        asked_by: the author of the comment.
        asked: when it was queued, in seconds since 1970.
        state: its state.
        ending: the state that it gets once its run has ended: stopped or superseded.
        note: one sentence that is shown in the comment to the end, or "".
        attempts: how many runs were started for it.
        run_id: the id of the newest of these runs.
        process: the process of that run; None before it started.
        changed: when the state changed last, in seconds since 1970.
        status_posted: the commit status that the forge has.
        waiting_for: what it waits for before its run starts, or "".
        failing_since: when fetching began to fail, in seconds since 1970; 0 while it does not.
    """

    id: int
    comment: int
    repository: str
    pull_request: int
    pull_request_commit: str
    recipe: str
    commit: str
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
    waiting_for: str
    failing_since: float


@dataclass(frozen=True)
class PostedComment:
    """The loop's comment for one pull request and recipe.

    Attributes:
        comment: its id on the forge; 0 before it is posted.
        url: its URL.
        body_posted: the text that the forge has.
        uploads: the URL of each attached file, by name.
        uploads_of: the id of the run that the files are from.
        not_uploaded: why some files of that run are not attached, or "".
    """

    comment: int = 0
    url: str = ""
    body_posted: str = ""
    uploads: dict[str, str] = field(default_factory=dict)
    uploads_of: str = ""
    not_uploaded: str = ""


@dataclass(frozen=True)
class Answer:
    """A short answer to a comment, posted once."""

    comment: int
    repository: str
    pull_request: int
    body: str


@dataclass(frozen=True)
class Failure:
    """Something that fails again and again; times are in seconds since 1970."""

    since: float
    count: int
    next_try: float


class Store:
    """The open database. Each thread needs an object of its own.

    Example:
        store = Store.of(load_forge_settings())
    """

    def __init__(self, folder: Path) -> None:
        """Open the database; create it if it is missing.

        Args:
            folder: holds the database and the folders of its requests.

        Raises:
            NodeFailure: it cannot be opened: the disk is full or read-only, or the file is damaged.
        """
        self.folder = folder
        self.path = self.folder / "loop.sqlite"
        try:
            # One process at a time: SQLite does not wait for its lock when it changes the journal.
            with locked(self.folder / "open.lock", _BUSY_SECONDS):
                self._open()
                self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise NodeFailure(f"Cannot open {self.path}: {error}. {self._remedy(error)}") from error

    @classmethod
    def of(cls, settings: ForgeSettings) -> Self:
        """Open this node's database for one organisation on one forge."""
        host = urlsplit(settings.url).netloc.replace(":", "-")
        return cls(private_dir("loop", f"{host}-{settings.organisation}"))

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def cycle_lock(self) -> AbstractContextManager[None]:
        """Return the lock for one cycle: only one poller on a node is in a cycle at a time."""
        return locked(self.folder / "cycle.lock", _CYCLE_SECONDS)

    def folder_of(self, request: Request) -> Path:
        """Return the folder of a request on the node: fetched files, logs, results."""
        folder = self.folder / "requests" / str(request.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def clean_up(self, request: Request) -> None:
        """Remove what is not needed once the final state of a request is posted."""
        for path in self.folder_of(request).iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != RUN_LOG:
                path.unlink()

    def get_or_store(self, name: str, value: str) -> str:
        """Return the value stored under a name; store `value` if there is none yet."""
        self._run("INSERT OR IGNORE INTO facts VALUES (?, ?)", name, value)
        return str(self._one("SELECT value FROM facts WHERE name = ?", name)["value"])

    def record_boot(self, boot_id: str) -> bool:
        """Record the current boot of the node; return whether the node was rebooted before."""
        with self._transaction():
            known = self._all("SELECT boot_id FROM boots")
            fresh = self._run("INSERT OR IGNORE INTO boots VALUES (?, ?)", boot_id, time.time())
        return bool(known) and fresh == 1

    def boots(self) -> list[str]:
        """Return the recorded boots, oldest first."""
        return [row["boot_id"] for row in self._all("SELECT boot_id FROM boots ORDER BY seen")]

    def seen_until(self, repository: str) -> str:
        """Return the time of the newest comment handled in a repository, or ""."""
        rows = self._all("SELECT seen_until FROM repositories WHERE name = ?", repository)
        return rows[0]["seen_until"] if rows else ""

    def set_seen_until(self, repository: str, moment: str) -> None:
        """Record that every comment of a repository up to a time is handled."""
        self._run("INSERT OR REPLACE INTO repositories VALUES (?, ?)", repository, moment)

    def is_handled(self, comment: int) -> bool:
        """Return whether a comment was handled."""
        return bool(self._all("SELECT 1 FROM comments WHERE id = ?", comment))

    def queue(
        self,
        comment: int,
        repository: str,
        pull_request: int,
        pull_request_commit: str,
        asked_by: str,
        targets: Sequence[RecipeCommit],
    ) -> bool:
        """Queue what a comment asks for; older requests for the same recipes are superseded.

        Args:
            comment: the id of the comment.
            repository: the repository of the pull request.
            pull_request: its number.
            pull_request_commit: its newest commit; the status is set on it.
            asked_by: the author of the comment.
            targets: the recipes to test, each at its commit.

        Returns:
            False if the comment was handled before; nothing is changed then.
        """
        with self._transaction():
            if not self._handle(comment):
                return False
            for target in targets:
                self._end(repository, pull_request, "superseded", target.recipe)
                self._run(
                    "INSERT INTO requests (comment, repository, pull_request,"
                    ' pull_request_commit, recipe, "commit", asked_by, asked, changed)'
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    comment, repository, pull_request, pull_request_commit, target.recipe,
                    target.commit, asked_by, time.time(), time.time(),
                )  # fmt: skip
                self._run(
                    "INSERT OR IGNORE INTO threads (repository, pull_request, recipe)"
                    " VALUES (?, ?, ?)",
                    repository, pull_request, target.recipe,
                )  # fmt: skip
        return True

    def stop(self, comment: int, repository: str, pull_request: int) -> bool:
        """End all requests for a pull request; return False if the comment was handled before."""
        with self._transaction():
            if not self._handle(comment):
                return False
            self._end(repository, pull_request, "stopped")
        return True

    def answer(self, comment: int, repository: str, pull_request: int, body: str) -> bool:
        """Queue a short answer to a comment; return False if the comment was handled before."""
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
        """Record that a comment needs no handling."""
        self._handle(comment)

    def failure(self, what: str) -> Failure | None:
        """Return the failures of something; None if it has not failed."""
        rows = self._all("SELECT since, count, next_try FROM failures WHERE what = ?", what)
        return Failure(**dict(rows[0])) if rows else None

    def set_failure(self, what: str, failure: Failure) -> None:
        """Record the failures of something."""
        self._run(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
            what, failure.since, failure.count, failure.next_try,
        )  # fmt: skip

    def forget_failure(self, what: str) -> None:
        """Forget the failures of something."""
        self._run("DELETE FROM failures WHERE what = ?", what)

    def answers_to_post(self) -> list[Answer]:
        """Return the answers that the forge does not have yet."""
        rows = self._all("SELECT * FROM answers WHERE posted = 0 ORDER BY comment")
        return [Answer(r["comment"], r["repository"], r["pull_request"], r["body"]) for r in rows]

    def set_answered(self, comment: int) -> None:
        """Record that the answer to a comment is posted."""
        self._run("UPDATE answers SET posted = 1 WHERE comment = ?", comment)

    def requests(self, *states: State) -> list[Request]:
        """Return the requests in these states, or all of them; oldest first."""
        placeholders = ",".join("?" * len(states))
        where = f"WHERE state IN ({placeholders})" if states else ""
        rows = self._all(f"SELECT * FROM requests {where} ORDER BY id", *states)
        return [_request(row) for row in rows]

    def request(self, number: int) -> Request:
        """Return one request."""
        return _request(self._one("SELECT * FROM requests WHERE id = ?", number))

    def unposted(self) -> list[Request]:
        """Return the requests whose present state may not be posted yet; oldest first."""
        return [_request(row) for row in self._all("SELECT * FROM requests WHERE posted = 0")]

    def set_posted(self, request: Request) -> None:
        """Record that the state of a request is posted, unless it has changed since."""
        self._run(
            "UPDATE requests SET posted = 1 WHERE id = ? AND state = ?", request.id, request.state
        )

    def newest(self, request: Request) -> int:
        """Return the id of the newest request for the same pull request and recipe.

        The loop's comment shows that one.
        """
        row = self._one(
            "SELECT max(id) AS id FROM requests"
            " WHERE repository = ? AND pull_request = ? AND recipe = ?",
            *_key(request),
        )
        return int(row["id"])

    def start(self, number: int, run_id: str) -> bool:
        """Claim a queued request for a run; return False if another process claimed or ended it."""
        started = self._run(
            "UPDATE requests SET state = 'running', run_id = ?, process = '',"
            " waiting_for = '', failing_since = 0, attempts = attempts + 1, changed = ?"
            " WHERE id = ? AND state = 'queued'",
            run_id, time.time(), number,
        )  # fmt: skip
        return started == 1

    def set_process(self, number: int, process: ProcessIdentity) -> None:
        """Record the process of a request's run."""
        text = json.dumps(process.to_json())
        self._run("UPDATE requests SET process = ? WHERE id = ?", text, number)

    def set_state(self, number: int, state: State, note: str | None = None) -> None:
        """Record a new state of a request, and a new note if one is given."""
        self._run(
            "UPDATE requests SET state = ?, note = coalesce(?, note), changed = ?, posted = 0,"
            " waiting_for = '', failing_since = 0 WHERE id = ?",
            state, note, time.time(), number,
        )  # fmt: skip

    def set_note(self, number: int, note: str) -> None:
        """Record the note of a request."""
        self._run("UPDATE requests SET note = ? WHERE id = ?", note, number)

    def set_waiting_for(self, number: int, reason: str, failing_since: float) -> None:
        """Record what a queued request waits for; a new state clears it."""
        self._run(
            "UPDATE requests SET waiting_for = ?, failing_since = ?"
            " WHERE id = ? AND state = 'queued'",
            reason, failing_since, number,
        )  # fmt: skip

    def set_status_posted(self, number: int, status: str) -> None:
        """Record which commit status the forge has for a request."""
        self._run("UPDATE requests SET status_posted = ? WHERE id = ?", status, number)

    def posted_comment(self, request: Request) -> PostedComment:
        """Return the loop's comment for the pull request and recipe of a request."""
        row = self._one(
            "SELECT * FROM threads WHERE repository = ? AND pull_request = ? AND recipe = ?",
            *_key(request),
        )
        return PostedComment(
            row["comment"], row["url"], row["body_posted"], json.loads(row["uploads"]),
            row["uploads_of"], row["not_uploaded"],
        )  # fmt: skip

    def save_posted_comment(self, request: Request, posted: PostedComment) -> None:
        """Record the state of the loop's comment on the forge."""
        self._run(
            "UPDATE threads SET comment = ?, url = ?, body_posted = ?, uploads = ?,"
            " uploads_of = ?, not_uploaded = ?"
            " WHERE repository = ? AND pull_request = ? AND recipe = ?",
            posted.comment, posted.url, posted.body_posted, json.dumps(posted.uploads),
            posted.uploads_of, posted.not_uploaded, *_key(request),
        )  # fmt: skip

    def _handle(self, comment: int) -> bool:
        """Record a comment as handled; return False if it was before."""
        inserted = self._run("INSERT OR IGNORE INTO comments VALUES (?, ?)", comment, time.time())
        return inserted == 1

    def _end(self, repository: str, pull_request: int, ending: State, recipe: str = "") -> None:
        """End queued requests now, and running ones after their runs are torn down."""
        which = "repository = ? AND pull_request = ? AND (? = '' OR recipe = ?)"
        chosen = (repository, pull_request, recipe, recipe)
        now = time.time()
        self._run(
            "UPDATE requests SET state = ?, changed = ?, waiting_for = '', failing_since = 0"
            f" WHERE state = 'queued' AND {which}",
            ending, now, *chosen,
        )  # fmt: skip
        self._run(
            "UPDATE requests SET state = 'stopping', ending = ?, changed = ?"
            f" WHERE state = 'running' AND {which}",
            ending, now, *chosen,
        )  # fmt: skip

    def _open(self) -> None:
        self._db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        self.path.chmod(0o600)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def _migrate(self) -> None:
        with self._transaction():
            (done,) = self._one("PRAGMA user_version")
            for migration in _MIGRATIONS[done:]:
                for statement in migration:
                    self._run(statement)
            if done < len(_MIGRATIONS):
                self._run(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE takes the write lock: two pollers must not both read what only one may change.
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        finally:
            # SQLite itself has ended the transaction if the disk is full.
            if self._db.in_transaction:
                self._run("ROLLBACK")

    def _run(self, statement: str, *values: Any) -> int:
        try:
            return self._db.execute(statement, values).rowcount
        except sqlite3.Error as error:
            message = f"Cannot write {self.path}: {error}. {self._remedy(error)}"
            raise NodeFailure(message) from error

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            message = f"Cannot read {self.path}: {error}. {self._remedy(error)}"
            raise NodeFailure(message) from error

    def _remedy(self, error: Exception) -> str:
        """Return what to do about an error of the database."""
        free = shutil.disk_usage(self.folder).free
        if "full" in str(error) or free < _SCARCE_BYTES:
            return f"{free >> 20} MiB are free on its disk: free some space."
        if "not a database" in str(error) or "malformed" in str(error):
            return (
                f"The file is damaged: stop the poller, run 'mv {self.path} {self.path}.damaged', "
                "and start it again. Then requests that were open have to be made again."
            )
        if "locked" in str(error):
            return f"Another process holds it: see 'fuser {self.path}'."
        return f"This user must be able to write the folder: see 'ls -ld {self.folder}'."

    def _one(self, statement: str, *values: Any) -> sqlite3.Row:
        return self._all(statement, *values)[0]


def _key(request: Request) -> tuple[str, int, str]:
    return request.repository, request.pull_request, request.recipe


def _request(row: sqlite3.Row) -> Request:
    fields = dict(row)
    del fields["posted"]
    process = fields["process"]
    fields["process"] = ProcessIdentity.from_json(json.loads(process)) if process else None
    return Request(**fields)
