"""The fixtures of the loop's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.loop.store import Store
from tests.unit.loop.forge_in_memory import ForgeInMemory


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def forge(tmp_path: Path) -> ForgeInMemory:
    """A forge without comments."""
    return ForgeInMemory.make(tmp_path)


@pytest.fixture
def log_lines() -> list[str]:
    """The lines that the poller has logged."""
    return []
