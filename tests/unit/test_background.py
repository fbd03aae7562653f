"""A loop in the background: nothing that it is given keeps the caller for longer than agreed."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from ccci import background
from ccci.background import BackgroundLoop
from ccci.errors import NodeFailure


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundLoop]:
    monkeypatch.setattr(background, "_GRACE_SECONDS", 1.0)
    made = BackgroundLoop("under test")
    yield made
    made.close()


def test_what_is_done_is_returned(loop: BackgroundLoop) -> None:
    async def name() -> str:
        return threading.current_thread().name

    assert loop.do(name(), 5) == "under test"


def test_what_takes_too_long_is_ended(loop: BackgroundLoop) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        loop.do(asyncio.sleep(60), 0.1)
    assert time.monotonic() - begun < 5


def test_a_loop_that_is_blocked_keeps_nobody(loop: BackgroundLoop) -> None:
    free = threading.Event()

    async def block() -> None:
        free.wait(30)

    begun = time.monotonic()
    try:
        with pytest.raises(NodeFailure, match="'under test' is blocked"):
            loop.do(block(), 0.1)
        assert time.monotonic() - begun < 5
    finally:
        free.set()


def test_what_still_runs_ends_with_the_loop() -> None:
    ended = threading.Event()

    async def go_on() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    made = BackgroundLoop("under test")
    made.begin(go_on())
    made.do(asyncio.sleep(0), 5)
    made.close()
    assert ended.is_set()
