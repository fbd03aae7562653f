"""These tests leave alone what runs on this machine have written down, and each other's."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCCI_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield
