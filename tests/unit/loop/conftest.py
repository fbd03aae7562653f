"""The fixtures of the loop's tests."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.loop.store import Store
from tests.unit.loop.clock import Clock
from tests.unit.loop.forge_in_memory import ForgeInMemory
from tests.unit.loop.recipe_folder import Recipe, make_recipe


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


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A recipe without a compose file."""
    return make_recipe(tmp_path)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that the loop sees."""
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made
