"""These tests leave alone what runs on this machine have written down, and each other."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_ENDS_WITHIN_SECONDS = 5.0


@pytest.fixture(scope="session")
def _folder_of_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


# For each test anew: a worker may have tests of the lab as well, and these need the node's folder.
@pytest.fixture(autouse=True)
def _own_state(_folder_of_states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(_folder_of_states))


@pytest.fixture(autouse=True)
def _leaves_no_thread() -> Iterator[None]:
    """Fail a test if a thread of ours goes on: it would use what a later test has replaced."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if _does(thread).startswith("ccci."):
            thread.join(_ENDS_WITHIN_SECONDS)
            assert not thread.is_alive(), f"Expected every thread to end; still there: {thread}"


def _does(thread: threading.Thread) -> str:
    """Return the module whose function a thread runs; Python forgets it when the thread ends."""
    return getattr(getattr(thread, "_target", None), "__module__", None) or ""
