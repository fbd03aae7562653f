"""When the poller writes the dashboard."""

import time
from pathlib import Path

import pytest

import ccci.loop.poller
from ccci.loop.poller import Poller
from ccci.loop.store import Store
from tests.unit.loop.forge_in_memory import ForgeInMemory

DAY = 24 * 3600.0


def test_pages_are_written_once_a_day_even_without_requests(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0  # A whole number, so that sums are exact.
    written: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(ccci.loop.poller, "sweep", lambda report: None)
    monkeypatch.setattr(ccci.loop.poller, "write_site", lambda *_, for_the_web: written.append(now))
    poller = Poller(ForgeInMemory.make(tmp_path).forge(), store, lambda _: None)
    poller.start()
    started = now
    for hour in range(1, 60):
        now = started + hour * 3600
        poller.cycle()
    assert written == [started, started + DAY, started + 2 * DAY]
