"""Secrets that a command prints, and that are compared unseen."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from robot.api.types import Secret

from ccci.bridge.failures import Broken
from ccci.bridge.session import session
from ccci.results.credentials import CredentialStore
from Credentials import Credentials

PATTERN = "generated random password is '([^']+)'"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CredentialStore:
    said = ["generated random password is 'Abc123xyz'\r\nNew user 'ada' has been created!\n"]

    def abra(*words: str) -> Any:
        done = SimpleNamespace(command=f"abra {' '.join(words)}", stdout=said[0])
        said[:] = ["error: user already exists"]
        return done

    store = CredentialStore(tmp_path / "credentials.json")
    run = SimpleNamespace(
        target=SimpleNamespace(abra=abra), record=SimpleNamespace(credentials=store)
    )
    monkeypatch.setattr(session, "begun", SimpleNamespace(run=run))
    return store


def test_a_printed_secret_is_taken_and_kept(store: CredentialStore) -> None:
    taken = Credentials().secret_printed_by_abra("ada", PATTERN, "app", "cmd")
    assert (taken.value, store.get("ada")) == ("Abc123xyz", "Abc123xyz")
    with pytest.raises(Broken, match=r"Expected 'abra app cmd' to print .* error: user already"):
        Credentials().secret_printed_by_abra("ada", PATTERN, "app", "cmd")


def test_secrets_are_compared_unseen() -> None:
    Credentials().secrets_should_be_equal(Secret("same"), Secret("same"))
    with pytest.raises(Broken) as failed:
        Credentials().secrets_should_be_equal(Secret("one-value"), Secret("another"))
    assert "one-value" not in str(failed.value)
