"""That n8n keeps a key encrypted is read from its database, and each way not to do so is seen."""

from types import SimpleNamespace
from typing import Any

import pytest
from N8n import N8n
from n8n_api import StoredKey
from robot.api.types import Secret

from ccci.bridge.failures import Broken
from ccci.bridge.session import session

KEY = StoredKey("17", "The till")
VALUE = "a-key-of-the-till-that-nobody-may-read"
SEALED = "U2FsdGVkX18" + "b3BlbnMgbm90aGluZw" * 4
DUMP = """\
COPY public.credentials_entity (name, data, type, id) FROM stdin;
Another\t{another}\thttpHeaderAuth\t16
The till\t{data}\thttpHeaderAuth\t17
\\.
COPY public.execution_data ("executionId", data) FROM stdin;
1\t{execution}
\\.
"""


def judged(monkeypatch: pytest.MonkeyPatch, dump: str) -> None:
    def abra(*_: object) -> Any:
        return SimpleNamespace(stdout=dump)

    driver = SimpleNamespace(app=SimpleNamespace(domain="n8n.lab.test"))
    run = SimpleNamespace(target=SimpleNamespace(abra=abra), driver=driver)
    monkeypatch.setattr(session, "begun", SimpleNamespace(run=run))
    N8n().key_should_be_encrypted(KEY, Secret(VALUE))


def dump(data: str = SEALED, another: str = SEALED, execution: str = "[]") -> str:
    return DUMP.format(data=data, another=another, execution=execution)


def test_an_encrypted_key_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, dump())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (dump(data=f'{{"value":"{VALUE}","and":"more than that"}}'), "the key stands there"),
        (dump(execution=f'{{"headers":{{"x-key":"{VALUE}"}}}}'), "the key stands there"),
        (dump(data="short"), "5 characters are"),
        (dump(data=""), "it has none"),
        (dump().replace("\t17\n", "\t18\n"), "it has none"),
        (dump().replace("The till", "A till"), "it has none"),
        ("", "it has none"),
    ],
    ids=["plain", "plain elsewhere", "too short", "empty", "other id", "other name", "no dump"],
)
def test_any_other_is_refused(monkeypatch: pytest.MonkeyPatch, content: str, said: str) -> None:
    with pytest.raises(Broken, match=said):
        judged(monkeypatch, content)
