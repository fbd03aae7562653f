"""These tests leave alone what runs on this machine have written down, and each other's."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _folder_of_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


# For each test anew: a worker may have tests of the lab as well, and these need the node's folder.
@pytest.fixture(autouse=True)
def _own_state(_folder_of_states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(_folder_of_states))
