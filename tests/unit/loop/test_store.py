"""What the loop remembers, whatever process is killed."""

import sqlite3
import threading
from pathlib import Path

import pytest

from ccci.errors import NodeFailure
from ccci.loop.store import Store, Thread, Wanted
from ccci.node.state import ProcessIdentity

HASH = "a" * 40
# The requests as the first pollers kept them.
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


def ask(store: Store, comment: int, recipe: str = "demo", pull_request: int = 1) -> bool:
    wanted = [Wanted(recipe, HASH)]
    return store.ask(comment, "demo", pull_request, HASH, "maintainer", wanted)


def states(store: Store) -> list[str]:
    return [one.state for one in store.requests()]


def test_a_comment_is_handled_once_and_by_one_of_two_pollers(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path)
    assert ask(store, 1)
    assert not ask(other, 1)
    assert not other.stop(1, "demo", 1)
    assert not other.answer(1, "demo", 1, "?")
    assert states(other) == ["queued"]
    other.close()


def test_two_pollers_at_once_make_one_request_of_one_comment(tmp_path: Path) -> None:
    Store(tmp_path).close()
    begin = threading.Barrier(2)
    asked: list[bool] = []

    def poller() -> None:
        own = Store(tmp_path)
        for comment in range(50):
            begin.wait(10)
            asked.append(ask(own, comment, pull_request=comment))
        own.close()

    both = [threading.Thread(target=poller) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(asked) == [False] * 50 + [True] * 50


def test_a_newer_request_supersedes_the_older_one_of_the_same_pull_request(store: Store) -> None:
    ask(store, 1)
    ask(store, 2)
    ask(store, 3, pull_request=2)
    ask(store, 4, recipe="other")
    assert states(store) == ["superseded", "queued", "queued", "queued"]


def test_what_runs_is_stopped_before_it_is_superseded(store: Store) -> None:
    ask(store, 1)
    assert store.begin(1, "run")
    ask(store, 2)
    assert states(store) == ["stopping", "queued"]
    assert store.request(1).ending == "superseded"


def test_stop_ends_all_of_a_pull_request_and_nothing_else(store: Store) -> None:
    ask(store, 1)
    ask(store, 2, recipe="other")
    ask(store, 3, pull_request=2)
    store.begin(1, "run")
    assert store.stop(4, "demo", 1)
    assert states(store) == ["stopping", "stopped", "queued"]


def test_only_one_process_begins_a_request(store: Store) -> None:
    ask(store, 1)
    assert store.begin(1, "first")
    assert not store.begin(1, "second")
    assert store.request(1).run_id == "first"
    assert store.request(1).attempts == 1


def test_a_request_that_was_stopped_meanwhile_is_not_begun(store: Store) -> None:
    ask(store, 1)
    store.stop(2, "demo", 1)
    assert not store.begin(1, "run")


def test_the_process_of_a_run_is_read_back(store: Store) -> None:
    ask(store, 1)
    store.begin(1, "run")
    store.began(1, ProcessIdentity(7, 8, "boot"))
    assert store.request(1).process == ProcessIdentity(7, 8, "boot")


def test_a_boot_is_noted_once_and_the_first_is_no_reboot(store: Store) -> None:
    assert [store.note_boot(one) for one in ("one", "one", "two", "two")] == [
        False, False, True, False,
    ]  # fmt: skip
    assert store.boots() == ["one", "two"]


def test_everything_is_there_after_the_file_is_opened_again(store: Store, tmp_path: Path) -> None:
    ask(store, 1)
    store.answer(2, "demo", 1, "help")
    store.saw_until("demo", "2026-01-02T03:04:05Z")
    thread = Thread(5, "https://forge/5", "body", {"log.html": "url"}, "run", "why")
    store.keep_thread(store.request(1), thread)
    store.close()
    again = Store(tmp_path)
    assert again.thread(again.request(1)) == thread
    assert again.seen_until("demo") == "2026-01-02T03:04:05Z"
    assert [one.body for one in again.answers_to_post()] == ["help"]
    again.answered(2)
    assert again.answers_to_post() == []
    again.close()


def test_the_newest_request_is_the_one_that_is_commented_on(store: Store) -> None:
    for comment, recipe in enumerate(["demo", "other", "demo"]):
        ask(store, comment, recipe)
    assert [store.newest(one) for one in store.requests()] == [3, 2, 3]


def test_what_was_told_is_told_again_only_when_it_moves(store: Store) -> None:
    ask(store, 1)
    stale = store.request(1)
    store.begin(1, "run")
    store.told(stale)
    assert [one.id for one in store.untold()] == [1], "it moved on since it was read"
    store.move(1, "done")
    store.told(store.request(1))
    assert store.untold() == []
    store.move(1, "queued")
    assert [one.id for one in store.untold()] == [1]


def test_only_the_log_of_a_request_is_kept_for_long(store: Store) -> None:
    ask(store, 1)
    folder = store.folder_of(store.request(1))
    (folder / "recipe" / ".git").mkdir(parents=True)
    for name in ("run.log", "log.html", "cleared.json"):
        (folder / name).write_text("x")
    store.tidy(store.request(1))
    assert [path.name for path in folder.iterdir()] == ["run.log"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(store, 1)
    store._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(NodeFailure, match=r"loop\.sqlite cannot be written: database or disk is"):
        for comment in range(2, 500):
            ask(store, comment, pull_request=comment)
    asked = len(store.requests())
    handled = sum(store.is_handled(comment) for comment in range(500))
    assert asked == handled
    store._db.execute("PRAGMA max_page_count = 100000")
    assert ask(store, 1000, pull_request=1000)


def test_the_file_is_for_its_owner_alone(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(store.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def first_file(folder: Path) -> None:
    """A store of the first pollers, with a request that waits and one that is over."""
    with sqlite3.connect(folder / "loop.sqlite") as old:
        old.executescript(FIRST_SCHEMA)
        for comment, state, note in ((1, "queued", "waits for disk"), (2, "done", "waits for it")):
            old.execute(
                "INSERT INTO requests (comment, repository, pull_request, head, recipe, hash,"
                " asked_by, asked, changed, state, note) VALUES (?, 'demo', 1, ?, 'demo', ?,"
                " 'maintainer', 1.0, 1.0, ?, ?)",
                (comment, HASH, HASH, state, note),
            )
    old.close()


def test_a_file_of_an_older_poller_is_taken_over(tmp_path: Path) -> None:
    first_file(tmp_path)
    for _ in range(2):
        store = Store(tmp_path)
        found = [(one.state, one.note, one.waits, one.failing_since) for one in store.requests()]
        assert found == [("queued", "", "waits for disk", 0.0), ("done", "waits for it", "", 0.0)]
        store.close()


def test_two_pollers_at_once_take_over_an_older_file(tmp_path: Path) -> None:
    first_file(tmp_path)
    begin = threading.Barrier(2)
    found: list[list[str]] = []

    def poller() -> None:
        begin.wait(10)
        own = Store(tmp_path)
        found.append([one.waits for one in own.requests()])
        own.close()

    both = [threading.Thread(target=poller) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found == [["waits for disk", ""]] * 2


def test_why_a_request_waits_is_forgotten_when_it_waits_no_more(store: Store) -> None:
    for comment in (1, 2, 3):
        ask(store, comment, pull_request=comment)
        store.wait(comment, "waits for disk", 7.0)
    assert [(one.waits, one.failing_since) for one in store.requests()] == [
        ("waits for disk", 7.0)
    ] * 3
    store.begin(1, "run")
    store.move(2, "refused", "It mounts the root of the node.")
    store.stop(4, "demo", 3)
    assert [(one.waits, one.failing_since) for one in store.requests()] == [("", 0.0)] * 3
