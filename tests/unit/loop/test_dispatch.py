"""What becomes of a request before its run begins: it waits, is put off, or breaks alone."""

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import ccci.loop.dispatch
from ccci.loop.dispatch import Dispatch
from ccci.loop.fetching import Refused
from ccci.loop.forge import Forge
from ccci.loop.preparing import Prepared
from ccci.loop.publish import Publish
from ccci.loop.store import Request, Store, Wanted
from tests.unit.loop.forge_in_memory import ForgeInMemory

HASH = "a" * 40
CUT_OFF = "Attempt 1 was cut off by a reboot; it is run again."
NO_DISK = SimpleNamespace(total=1 << 40, used=1 << 40, free=1 << 20)
HOUR = 3600.0


class Clock:
    """What time it is for the loop."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made


@pytest.fixture
def dispatch(forge: ForgeInMemory, store: Store, told: list[str]) -> Dispatch:
    return Dispatch(forge.forge(), store, told.append)


def ask(store: Store, number: int) -> None:
    store.ask(number, "demo", number, HASH, "maintainer", [Wanted("demo", HASH)])


def cut_off_once(store: Store) -> None:
    """A request whose first run ended with a reboot."""
    ask(store, 1)
    store.begin(1, "20260101-080000-ab12")
    store.move(1, "queued", CUT_OFF)


def comment_of(forge: ForgeInMemory, store: Store) -> str:
    """The comment, once all is posted."""
    Publish(forge.forge(), store, lambda _: None).step()
    (comment,) = forge.said(1)
    return comment.body


@pytest.mark.parametrize("fault", [RecursionError("too deep"), KeyError("image"), OSError("full")])
def test_a_fault_at_the_beginning_of_one_request_keeps_no_other_back(
    store: Store,
    dispatch: Dispatch,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    def prepare(_forge: Forge, request: Request, _folder: Path) -> Prepared:
        if request.id == 1:
            raise fault
        raise Refused("It mounts the root of the node.")

    monkeypatch.setattr(ccci.loop.dispatch, "prepare", prepare)
    ask(store, 1)
    ask(store, 2)
    dispatch.step()
    first, second = store.requests()
    assert second.state == "refused"
    if isinstance(fault, OSError):
        assert (first.state, first.waits) == ("queued", "It waits for the forge or the node: full")
        return
    assert first.state == "broken"
    assert first.note == (
        f"It could not be begun ({type(fault).__name__}); the poller's log says where."
    )
    assert any("Traceback" in words and "demo #1" in words for words in told)


def test_that_a_run_was_cut_off_is_said_while_it_waits_and_when_it_runs_again(
    forge: ForgeInMemory, store: Store, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_once(store)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: NO_DISK)
    dispatch.step()
    body = comment_of(forge, store)
    assert "cut off by a reboot" in body
    assert "waits for disk" in body
    store.begin(1, "20260101-090000-ab12")
    body = comment_of(forge, store)
    assert "cut off by a reboot" in body
    assert "waits for disk" not in body


def test_the_hour_of_failed_fetches_begins_with_the_first_and_not_with_the_question(
    store: Store, dispatch: Dispatch, clock: Clock
) -> None:
    ask(store, 1)
    clock.now += 2 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued", "a single failure after a long wait in line"
    assert "It waits for the forge or the node: Fetching from /nowhere" in store.request(1).waits
    clock.now += 0.9 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued"
    clock.now += 0.2 * HOUR
    dispatch.step()
    assert store.request(1).state == "broken"
    assert "It could not be fetched for an hour: Fetching from /nowhere" in store.request(1).note
    assert store.request(1).waits == ""


def test_a_request_outlives_a_forge_that_is_away_for_long(
    forge: ForgeInMemory, store: Store, dispatch: Dispatch, clock: Clock
) -> None:
    ask(store, 1)
    forge.away = True
    for _ in range(5):
        dispatch.step()
        clock.now += HOUR
    assert store.request(1).state == "queued"
    forge.away = False
    dispatch.step()
    clock.now += 0.9 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued", "its hour began when the forge was back"
    clock.now += 0.2 * HOUR
    dispatch.step()
    assert store.request(1).state == "broken"


def test_what_ends_a_second_attempt_before_it_begins_does_not_hide_the_first(
    store: Store, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(*_: object) -> Prepared:
        raise Refused("The commit is gone.")

    monkeypatch.setattr(ccci.loop.dispatch, "prepare", prepare)
    cut_off_once(store)
    dispatch.step()
    assert store.request(1).note == f"{CUT_OFF} The commit is gone."
