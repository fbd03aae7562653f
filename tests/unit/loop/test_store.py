"""The loop's database: it stays consistent whichever process is killed."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ccci.errors import NodeFailure
from ccci.loop.store import PostedComment, RecipeCommit, Store
from ccci.node.state import ProcessIdentity

COMMIT = "a" * 40
HEAD = "b" * 40
# The table of requests in its first version.
FIRST_SCHEMA = """
CREATE TABLE requests (
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
"""


def queue(store: Store, comment: int, recipe: str = "demo", pull_request: int = 1) -> bool:
    targets = [RecipeCommit(recipe, COMMIT)]
    return store.queue(comment, "demo", pull_request, COMMIT, "maintainer", targets)


def states(store: Store) -> list[str]:
    return [one.state for one in store.requests()]


def test_only_one_of_two_pollers_handles_a_comment(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path)
    assert queue(store, 1)
    assert not queue(other, 1)
    assert not other.stop(1, "demo", 1)
    assert not other.answer(1, "demo", 1, "?")
    assert states(other) == ["queued"]
    other.close()


def test_two_pollers_at_the_same_time_queue_one_request_for_one_comment(tmp_path: Path) -> None:
    Store(tmp_path).close()
    barrier = threading.Barrier(2)
    queued: list[bool] = []

    def poller() -> None:
        own = Store(tmp_path)
        for comment in range(50):
            barrier.wait(10)
            queued.append(queue(own, comment, pull_request=comment))
        own.close()

    both = [threading.Thread(target=poller) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(queued) == [False] * 50 + [True] * 50


def test_a_newer_request_supersedes_the_older_one_of_the_same_pull_request(store: Store) -> None:
    queue(store, 1)
    queue(store, 2)
    queue(store, 3, pull_request=2)
    queue(store, 4, recipe="other")
    assert states(store) == ["superseded", "queued", "queued", "queued"]


def test_a_running_request_is_stopped_before_it_is_superseded(store: Store) -> None:
    queue(store, 1)
    assert store.start(1, "run")
    queue(store, 2)
    assert states(store) == ["stopping", "queued"]
    assert store.request(1).ending == "superseded"


def test_stop_ends_all_requests_of_a_pull_request_and_no_others(store: Store) -> None:
    queue(store, 1)
    queue(store, 2, recipe="other")
    queue(store, 3, pull_request=2)
    store.start(1, "run")
    assert store.stop(4, "demo", 1)
    assert states(store) == ["stopping", "stopped", "queued"]


def test_only_one_process_starts_a_request(store: Store) -> None:
    queue(store, 1)
    assert store.start(1, "first")
    assert not store.start(1, "second")
    assert store.request(1).run_id == "first"
    assert store.request(1).attempts == 1


def test_a_stopped_request_cannot_be_started(store: Store) -> None:
    queue(store, 1)
    store.stop(2, "demo", 1)
    assert not store.start(1, "run")


def test_the_process_of_a_run_is_stored(store: Store) -> None:
    queue(store, 1)
    store.start(1, "run")
    store.set_process(1, ProcessIdentity(7, 8, "boot"))
    assert store.request(1).process == ProcessIdentity(7, 8, "boot")


def test_a_boot_is_recorded_once_and_the_first_is_not_a_reboot(store: Store) -> None:
    assert [store.record_boot(one) for one in ("one", "one", "two", "two")] == [
        False, False, True, False,
    ]  # fmt: skip
    assert store.boots() == ["one", "two"]


def test_everything_is_kept_when_the_file_is_opened_again(store: Store, tmp_path: Path) -> None:
    queue(store, 1)
    store.answer(2, "demo", 1, "help")
    store.set_seen_until("demo", "2026-01-02T03:04:05Z")
    posted = PostedComment(5, "https://forge/5", "body", {"log.html": "url"}, "run", "why")
    store.save_posted_comment(store.request(1), posted)
    store.close()
    again = Store(tmp_path)
    assert again.posted_comment(again.request(1)) == posted
    assert again.seen_until("demo") == "2026-01-02T03:04:05Z"
    assert [one.body for one in again.answers_to_post()] == ["help"]
    again.set_answered(2)
    assert again.answers_to_post() == []
    again.close()


def test_the_newest_request_of_a_pull_request_and_recipe(store: Store) -> None:
    for comment, recipe in enumerate(["demo", "other", "demo"]):
        queue(store, comment, recipe)
    assert [store.newest(one) for one in store.requests()] == [3, 2, 3]


def test_a_posted_request_is_posted_again_only_after_its_state_changed(store: Store) -> None:
    queue(store, 1)
    stale = store.request(1)
    store.start(1, "run")
    store.set_posted(stale)
    assert [one.id for one in store.unposted()] == [1], "its state changed since it was read"
    store.set_state(1, "done")
    store.set_posted(store.request(1))
    assert store.unposted() == []
    store.set_state(1, "queued")
    assert [one.id for one in store.unposted()] == [1]


def test_only_the_log_of_a_request_is_kept_after_clean_up(store: Store) -> None:
    queue(store, 1)
    folder = store.folder_of(store.request(1))
    (folder / "recipe" / ".git").mkdir(parents=True)
    for name in ("run.log", "log.html", "cleared.json"):
        (folder / name).write_text("x")
    store.clean_up(store.request(1))
    assert [path.name for path in folder.iterdir()] == ["run.log"]


def test_a_full_disk_gives_a_message_and_leaves_no_partial_change(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(store, 1)
    store._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(NodeFailure, match=r"Cannot write .*loop\.sqlite: database or disk is"):
        for comment in range(2, 500):
            queue(store, comment, pull_request=comment)
    queued = len(store.requests())
    handled = sum(store.is_handled(comment) for comment in range(500))
    assert queued == handled
    store._db.execute("PRAGMA max_page_count = 100000")
    assert queue(store, 1000, pull_request=1000)


def test_only_the_owner_can_read_the_file(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(store.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def first_file(folder: Path) -> None:
    """Write a database in its first version, with a request that waits and one that is done."""
    with sqlite3.connect(folder / "loop.sqlite") as old:
        old.executescript(FIRST_SCHEMA)
        for comment, state, note, told in (
            (1, "queued", "waits for disk", 0),
            (2, "done", "waits for it", 1),
        ):
            old.execute(
                "INSERT INTO requests (comment, repository, pull_request, head, recipe, hash,"
                " asked_by, asked, changed, state, note, told) VALUES (?, 'demo', 1, ?, 'demo', ?,"
                " 'maintainer', 1.0, 1.0, ?, ?, ?)",
                (comment, HEAD, COMMIT, state, note, told),
            )
    old.close()


def second_file(folder: Path) -> None:
    """Write a database in its second version, with the same requests."""
    first_file(folder)
    with sqlite3.connect(folder / "loop.sqlite") as old:
        old.execute("ALTER TABLE requests ADD COLUMN waits TEXT NOT NULL DEFAULT ''")
        old.execute("ALTER TABLE requests ADD COLUMN failing_since REAL NOT NULL DEFAULT 0")
        old.execute("UPDATE requests SET waits = note, note = '' WHERE id = 1")
        old.execute("PRAGMA user_version = 1")
    old.close()


@pytest.mark.parametrize("older", [first_file, second_file])
def test_a_file_of_an_older_version_is_migrated(
    older: Callable[[Path], None], tmp_path: Path
) -> None:
    older(tmp_path)
    for _ in range(2):
        store = Store(tmp_path)
        found = [
            (one.state, one.note, one.waiting_for, one.failing_since) for one in store.requests()
        ]
        assert found == [("queued", "", "waits for disk", 0.0), ("done", "waits for it", "", 0.0)]
        commits = {(one.pull_request_commit, one.commit) for one in store.requests()}
        assert commits == {(HEAD, COMMIT)}
        assert [one.id for one in store.unposted()] == [1]
        store.close()


@pytest.mark.parametrize("older", [first_file, second_file])
def test_pollers_that_start_at_the_same_time_migrate_a_file_once(
    older: Callable[[Path], None], tmp_path: Path
) -> None:
    older(tmp_path)
    barrier = threading.Barrier(8)
    found: list[list[str]] = []

    def poller() -> None:
        barrier.wait(10)
        own = Store(tmp_path)
        found.append([one.waiting_for for one in own.requests()])
        own.close()

    pollers = [threading.Thread(target=poller) for _ in range(8)]
    for one in pollers:
        one.start()
    for one in pollers:
        one.join()
    assert found == [["waits for disk", ""]] * 8


def test_a_new_state_clears_what_a_request_waits_for(store: Store) -> None:
    for comment in (1, 2, 3):
        queue(store, comment, pull_request=comment)
        store.set_waiting_for(comment, "waits for disk", 7.0)
    assert [(one.waiting_for, one.failing_since) for one in store.requests()] == [
        ("waits for disk", 7.0)
    ] * 3
    store.start(1, "run")
    store.set_state(2, "refused", "It mounts the root of the node.")
    store.stop(4, "demo", 3)
    assert [(one.waiting_for, one.failing_since) for one in store.requests()] == [("", 0.0)] * 3
