"""A credential is found in every form that it can have, and other text is not changed."""

import base64
import html
import json
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.results.credentials import CredentialStore, holds_secret, read_credentials, redact

CANARY = 'c4n4ry/"&+<é>sEcReT'


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"Authorization: {CANARY}",
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(b"user:" + CANARY.encode()).decode(),
        base64.b64encode(b"admin:" + CANARY.encode() + b":x").decode(),
        base64.b64encode(b"me:" + CANARY.encode()).decode(),
        base64.urlsafe_b64encode(b"me:" + CANARY.encode()).decode(),
        urllib.parse.quote(CANARY),
        urllib.parse.quote(CANARY, safe=""),
        urllib.parse.quote_plus(CANARY),
        json.dumps({"password": CANARY}),
        json.dumps({"password": CANARY}, ensure_ascii=False),
        html.escape(CANARY),
        html.escape(CANARY, quote=False),
    ],
)
def test_every_form_is_found_and_redacted(text: str) -> None:
    assert holds_secret(text, [CANARY])
    assert not holds_secret(redact(text, [CANARY]), [CANARY])


def test_other_text_is_not_changed() -> None:
    text = "an ordinary log line, with YWRtaW46 and %22"
    assert redact(text, [CANARY, "another-secret"]) == text
    assert redact(text, []) == text


def test_a_secret_that_contains_another_is_redacted_completely() -> None:
    assert redact("x abcdefgh-ijkl y", ["abcdefgh", "abcdefgh-ijkl"]) == "x <secret> y"


def test_secrets_side_by_side_and_at_both_ends_are_redacted() -> None:
    secrets = ["abcdefgh", "defghijk", "xyzxyz"]
    assert redact("abcdefghijk defghijkabcdefgh", secrets) == "<secret>ijk <secret><secret>"
    assert redact("xyzxyz xyzxy xyzxyz", secrets) == "<secret> xyzxy <secret>"
    assert redact("", secrets) == ""


def test_hundreds_of_secrets_are_looked_for_in_moments() -> None:
    """As a run has that signs many addresses: they begin alike, and each is one more secret."""
    secrets = [f"https://shop.example.com/item/?signature={number:064x}" for number in range(300)]
    text = "GET https://shop.example.com/item/ was answered 200\n" * 5000
    begun = time.process_time()
    assert redact(text + secrets[7], secrets) == f"{text}<secret>"
    for known in range(100, 300):
        assert not holds_secret("GET /item/", secrets[:known])
    # A regular expression of all forms took minutes.
    assert time.process_time() - begun < 20


def test_the_store_is_private_and_persistent(tmp_path: Path) -> None:
    path = tmp_path / "store" / "credentials.json"
    CredentialStore(path).put("owner", CANARY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert CredentialStore(path).get("owner") == CANARY
    with pytest.raises(Misuse, match="it has: owner"):
        CredentialStore(path).get("onwer")


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("a = 'x'", 0o644, "chmod 600"),
        ("a = 1", 0o600, "'a' must be non-empty text"),
        ("[smtp]\npassword = ''", 0o600, "'smtp.password' must be"),
        ("a = [", 0o600, "not valid TOML"),
    ],
)
def test_a_bad_credentials_file_is_refused(
    text: str, mode: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(Misuse, match=message):
        read_credentials(path)


def test_a_valid_credentials_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text("token = 'abc'\n[smtp]\npassword = 'def'\n")
    path.chmod(0o600)
    assert read_credentials(path) == {"token": "abc", "smtp.password": "def"}


def test_apps_that_are_deployed_in_parallel_can_store_credentials(tmp_path: Path) -> None:
    path = tmp_path / "store" / "credentials.json"
    store = CredentialStore(path)

    def put(app: str) -> None:
        for number in range(100):
            store.put(f"{app}/{number}", f"value of {app} {number}")
            assert store.below(app)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, ("a", "b", "c", "d")))
    assert len(store.values()) == 400
    assert len(CredentialStore(path).values()) == 400
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_generated_value_has_what_apps_demand_of_a_password(tmp_path: Path) -> None:
    store = CredentialStore(tmp_path / "credentials.json")
    values = [store.generate("key", length) for length in (8, 32)]
    assert [len(value) for value in values] == [8, 32]
    for value in values:
        assert any(letter.islower() for letter in value)
        assert any(letter.isupper() for letter in value)
        assert any(letter.isdigit() for letter in value)
    assert store.get("key") == values[-1] != store.generate("key")
