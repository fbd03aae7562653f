"""A request before its run: it waits, is retried, or fails without affecting others."""

import html
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import ccci.loop.dispatch
from ccci.loop.dispatch import Dispatch
from ccci.loop.fetching import Refused
from ccci.loop.forge import Forge
from ccci.loop.preparing import Prepared
from ccci.loop.publish import Publish
from ccci.loop.store import RecipeCommit, Request, Store
from tests.unit.loop.clock import Clock
from tests.unit.loop.forge_in_memory import ForgeInMemory

COMMIT = "a" * 40
CUT_OFF = "Attempt 1 was cut off: the node was rebooted. It is run again."
NO_DISK = SimpleNamespace(total=1 << 40, used=1 << 40, free=1 << 20)
HOUR = 3600.0


@pytest.fixture
def dispatch(forge: ForgeInMemory, store: Store, log_lines: list[str]) -> Dispatch:
    return Dispatch(forge.forge(), store, log_lines.append)


def queue(store: Store, number: int) -> None:
    store.queue(number, "demo", number, COMMIT, "maintainer", [RecipeCommit("demo", COMMIT)])


def cut_off_once(store: Store) -> None:
    """Queue a request whose first run was ended by a reboot."""
    queue(store, 1)
    store.start(1, "20260101-080000-ab12")
    store.set_state(1, "queued", CUT_OFF)


def comment_of(forge: ForgeInMemory, store: Store) -> str:
    """Post everything and return the comment."""
    Publish(forge.forge(), store, lambda _: None).step()
    (comment,) = forge.own_comments(1)
    return comment.body


@pytest.mark.parametrize("fault", [RecursionError("too deep"), KeyError("image"), OSError("full")])
def test_an_error_in_preparing_one_request_does_not_affect_others(
    store: Store,
    dispatch: Dispatch,
    log_lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    def prepare(_forge: Forge, request: Request, _folder: Path) -> Prepared:
        if request.id == 1:
            raise fault
        raise Refused("It mounts the root of the node.")

    monkeypatch.setattr(ccci.loop.dispatch, "prepare", prepare)
    queue(store, 1)
    queue(store, 2)
    dispatch.step()
    first, second = store.requests()
    assert second.state == "refused"
    if isinstance(fault, OSError):
        reason = "Waiting for the forge or the node: full"
        assert (first.state, first.waiting_for) == ("queued", reason)
        return
    assert first.state == "broken"
    assert first.note == (
        f"Internal error ({type(fault).__name__}); the traceback is in the poller's log."
    )
    assert any("Traceback" in line and "demo #1" in line for line in log_lines)


def test_the_comment_says_that_a_run_was_cut_off_while_it_waits_and_runs_again(
    forge: ForgeInMemory, store: Store, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_once(store)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: NO_DISK)
    dispatch.step()
    body = html.unescape(comment_of(forge, store))
    assert "the node was rebooted" in body
    assert "Waiting for disk space" in body
    store.start(1, "20260101-090000-ab12")
    body = html.unescape(comment_of(forge, store))
    assert "the node was rebooted" in body
    assert "Waiting for disk space" not in body


def test_the_hour_for_fetching_starts_with_the_first_failure_and_not_with_the_request(
    store: Store, dispatch: Dispatch, clock: Clock
) -> None:
    queue(store, 1)
    clock.now += 2 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued", "a single failure after a long wait in the queue"
    waiting_for = store.request(1).waiting_for
    assert "Waiting for the forge or the node: Fetching from /nowhere" in waiting_for
    clock.now += 0.9 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued"
    clock.now += 0.2 * HOUR
    dispatch.step()
    assert store.request(1).state == "broken"
    assert "Fetching the commit failed for an hour: Fetching from /nowhere" in store.request(1).note
    assert store.request(1).waiting_for == ""


def test_a_request_stays_queued_while_the_forge_is_down(
    forge: ForgeInMemory, store: Store, dispatch: Dispatch, clock: Clock
) -> None:
    queue(store, 1)
    forge.is_down = True
    for _ in range(5):
        dispatch.step()
        clock.now += HOUR
    assert store.request(1).state == "queued"
    forge.is_down = False
    dispatch.step()
    clock.now += 0.9 * HOUR
    dispatch.step()
    assert store.request(1).state == "queued", "its hour started when the forge was back"
    clock.now += 0.2 * HOUR
    dispatch.step()
    assert store.request(1).state == "broken"


def test_the_note_on_the_first_attempt_stays_when_the_second_is_refused(
    store: Store, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(*_: object) -> Prepared:
        raise Refused("The commit is gone.")

    monkeypatch.setattr(ccci.loop.dispatch, "prepare", prepare)
    cut_off_once(store)
    dispatch.step()
    assert store.request(1).note == f"{CUT_OFF} The commit is gone."


def test_a_run_gets_no_login_and_no_variable_that_it_does_not_need(
    store: Store, dispatch: Dispatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def start(command: list[str], env: dict[str, str], **_: object) -> SimpleNamespace:
        seen.update(env)
        return SimpleNamespace(pid=os.getpid(), poll=lambda: None)

    for name in ("FORGE_TOKEN", "DOCKER_AUTH_CONFIG", "https_proxy", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-the-operator")
    monkeypatch.setenv("DOCKER_CONFIG", "/of-the-operator")
    monkeypatch.setenv("DOCKER_HOST", "unix:///x.sock")
    monkeypatch.setattr(subprocess, "Popen", start)
    prepared = Prepared(tmp_path, tmp_path, tmp_path / "docker")
    monkeypatch.setattr(ccci.loop.dispatch, "prepare", lambda *_: prepared)
    queue(store, 1)
    dispatch.step()
    assert seen["DOCKER_CONFIG"] == str(tmp_path / "docker")
    assert seen["DOCKER_HOST"] == "unix:///x.sock"
    assert "of-the-operator" not in " ".join(seen.values())
