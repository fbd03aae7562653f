"""What the tests of the loop begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.loop.store import Store
from tests.unit.loop.forge_in_memory import ForgeInMemory


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """What the loop remembers, of nothing yet."""
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def forge(tmp_path: Path) -> ForgeInMemory:
    """A forge where nothing was said yet."""
    return ForgeInMemory.make(tmp_path)


@pytest.fixture
def told() -> list[str]:
    """What the poller told its log."""
    return []
