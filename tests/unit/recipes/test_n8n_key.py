"""n8n's test of encryption reads the database, and each way not to encrypt a key is seen."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from robot import api

import Database
from ccci.bridge.session import Session, session
from ccci.database.dump import Dump
from ccci.project import PROJECT
from ccci.results.credentials import CredentialStore

KEY = "a-key-of-the-till-that-nobody-may-read"
SEALED = "U2FsdGVkX18" + "b3BlbnMgbm90aGluZw" * 4
SHOWN = "Expected the secret not to be in database n8n; it is"


@pytest.mark.parametrize(
    ("stored", "elsewhere", "said"),
    [
        pytest.param([SEALED], "[]", "", id="encrypted"),
        pytest.param([f'{{"value": "{KEY}"}}'], "[]", SHOWN, id="plain"),
        pytest.param([SEALED], f'{{"x-key": "{KEY}"}}', SHOWN, id="plain elsewhere"),
        pytest.param(["short"], "[]", "no longer than its key: 5", id="too short"),
        pytest.param([], "[]", "Expected one credential 'The till'", id="not there"),
    ],
)
def test_what_the_database_shows(
    stored: list[str], elsewhere: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"INSERT INTO credentials_entity VALUES ('The till', '{data}');" for data in stored]
    rows.append(f"INSERT INTO execution_data VALUES ('{elsewhere}');")
    database = SimpleNamespace(
        query=lambda _: [{"data": data} for data in stored],
        dump=lambda: Dump("database n8n", "\n".join(rows)),
    )
    store = CredentialStore(tmp_path / "credentials.json")
    store.put("n8n key The till", KEY)
    monkeypatch.setattr(Database, "_database", lambda: database)
    monkeypatch.setattr(Session, "credentials", store)
    monkeypatch.setattr(session, "failures", 0)
    monkeypatch.syspath_prepend(PROJECT / "resources")
    suite = api.TestSuite("n8n")
    suite.resource.imports.resource(str(PROJECT / "recipes" / "n8n" / "n8n.resource"))
    test = suite.tests.create("A Credential Is Stored Encrypted")
    test.body.create_keyword("The Database Should Not Show The Key", ["The till"])
    seen = suite.run(output=None, console="none").suite.tests[0]
    assert seen.passed is not bool(said)
    assert said in seen.message
