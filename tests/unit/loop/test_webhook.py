"""Who may wake the poller."""

import hashlib
import hmac
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.loop.settings import ForgeSettings, Webhook
from ccci.loop.webhook import listening

BODY = b'{"action": "created"}'
KEY = b"signing key"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[Webhook, list[str]]]:
    secret = tmp_path / "secret"
    secret.write_bytes(KEY)
    secret.chmod(0o600)
    webhook = Webhook(port=free_port(), secret_file=secret)
    knocks: list[str] = []
    with listening(settings_with(webhook), lambda: knocks.append("knock")):
        yield webhook, knocks


def settings_with(webhook: Webhook | None) -> ForgeSettings:
    token = Path("/nowhere")
    return ForgeSettings(url="https://forge.lab.test", user="u", token_file=token, webhook=webhook)


def knock(webhook: Webhook, signature: str | None, body: bytes = BODY) -> int:
    connection = http.client.HTTPConnection(webhook.address, webhook.port, timeout=10)
    headers = {} if signature is None else {"X-Gitea-Signature": signature}
    connection.request("POST", "/", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def signed(body: bytes, key: bytes = KEY) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def test_a_signed_knock_wakes(door: tuple[Webhook, list[str]]) -> None:
    webhook, knocks = door
    assert knock(webhook, signed(BODY)) == 204
    assert knocks == ["knock"]


@pytest.mark.parametrize(
    "signature", [None, "", "0" * 64, signed(b"another body"), signed(BODY, b"another key"), "\xff"]
)
def test_any_other_knock_is_refused(door: tuple[Webhook, list[str]], signature: str | None) -> None:
    webhook, knocks = door
    assert knock(webhook, signature) == 403
    assert knocks == []


def test_a_body_that_is_too_long_is_not_read(door: tuple[Webhook, list[str]]) -> None:
    webhook, knocks = door
    with socket.create_connection((webhook.address, webhook.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b"413" in connection.recv(100)
    assert knocks == []


def test_a_port_that_is_taken_is_named_with_its_key(door: tuple[Webhook, list[str]]) -> None:
    webhook, _ = door
    words = rf"key 'webhook.port': .*:{webhook.port} cannot be had"
    with pytest.raises(Misuse, match=words), listening(settings_with(webhook), lambda: None):
        pass


def test_a_secret_that_others_can_read_is_refused(door: tuple[Webhook, list[str]]) -> None:
    webhook, _ = door
    webhook.secret_file.chmod(0o644)
    with (
        pytest.raises(Misuse, match="others can read"),
        listening(settings_with(webhook), lambda: None),
    ):
        pass
