"""Which requests trigger a poll."""

import hashlib
import hmac
import http.client
import socket
import threading
import time
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
def listener(tmp_path: Path) -> Iterator[tuple[Webhook, list[str]]]:
    secret = tmp_path / "secret"
    secret.write_bytes(KEY)
    secret.chmod(0o600)
    webhook = Webhook(port=free_port(), secret_file=secret)
    polls: list[str] = []
    with listening(settings_with(webhook), lambda: polls.append("poll")):
        yield webhook, polls


def settings_with(webhook: Webhook | None) -> ForgeSettings:
    token = Path("/nowhere")
    return ForgeSettings(url="https://forge.lab.test", user="u", token_file=token, webhook=webhook)


def post(webhook: Webhook, signature: str | None, body: bytes = BODY) -> int:
    connection = http.client.HTTPConnection(webhook.address, webhook.port, timeout=10)
    headers = {} if signature is None else {"X-Gitea-Signature": signature}
    connection.request("POST", "/", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def signed(body: bytes, key: bytes = KEY) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def test_a_signed_webhook_triggers_a_poll(listener: tuple[Webhook, list[str]]) -> None:
    webhook, polls = listener
    assert post(webhook, signed(BODY)) == 204
    assert polls == ["poll"]


@pytest.mark.parametrize(
    "signature", [None, "", "0" * 64, signed(b"another body"), signed(BODY, b"another key"), "\xff"]
)
def test_any_other_request_is_refused(
    listener: tuple[Webhook, list[str]], signature: str | None
) -> None:
    webhook, polls = listener
    assert post(webhook, signature) == 403
    assert polls == []


def test_a_body_that_is_too_long_is_not_read(listener: tuple[Webhook, list[str]]) -> None:
    webhook, polls = listener
    with socket.create_connection((webhook.address, webhook.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b"413" in connection.recv(100)
    assert polls == []


def test_the_message_on_a_taken_port_names_its_key(listener: tuple[Webhook, list[str]]) -> None:
    webhook, _ = listener
    message = rf"key 'webhook.port': cannot listen on .*:{webhook.port}"
    with pytest.raises(Misuse, match=message), listening(settings_with(webhook), lambda: None):
        pass


def test_a_secret_that_others_can_read_is_refused(listener: tuple[Webhook, list[str]]) -> None:
    webhook, _ = listener
    webhook.secret_file.chmod(0o644)
    with (
        pytest.raises(Misuse, match="others can read"),
        listening(settings_with(webhook), lambda: None),
    ):
        pass


def answer_to(webhook: Webhook, request: bytes, seconds: float = 20) -> bytes:
    with socket.create_connection((webhook.address, webhook.port), timeout=seconds) as connection:
        connection.sendall(request)
        return connection.recv(1000)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: " + b"9" * 5000, b"413"),
        (b"Content-Length: -1", b"413"),
        (b"Content-Length: 1e3", b"413"),
        ("Content-Length: ٣".encode(), b"413"),
        (b"Host: x", b"411"),
        (b"Transfer-Encoding: chunked", b"411"),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked", b"411"),
        (b"X: " + b"x" * 70_000, b"431"),
        (b"\r\n".join(b"X-%d: x" % number for number in range(200)), b"431"),
    ],
)
def test_a_strange_request_is_refused_without_a_word_in_the_log(
    headers: bytes,
    status: bytes,
    listener: tuple[Webhook, list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    webhook, polls = listener
    assert status in answer_to(webhook, b"POST / HTTP/1.1\r\n" + headers + b"\r\n\r\n")
    assert polls == []
    assert capfd.readouterr() == ("", "")
    assert post(webhook, signed(BODY)) == 204


def test_a_request_that_is_sent_slowly_ends_at_its_deadline(
    listener: tuple[Webhook, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    webhook, polls = listener
    monkeypatch.setattr("ccci.loop.webhook._SECONDS", 0.5)
    begun = time.monotonic()
    with socket.create_connection((webhook.address, webhook.port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
        with pytest.raises(OSError):
            while time.monotonic() < begun + 15:
                connection.sendall(b"x")
                time.sleep(0.05)
    assert time.monotonic() - begun < 10
    assert polls == []
    assert capfd.readouterr() == ("", "")


def test_many_connections_do_not_keep_the_next_request_out_for_long(
    listener: tuple[Webhook, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = listener
    monkeypatch.setattr("ccci.loop.webhook._SECONDS", 1.0)
    address = (webhook.address, webhook.port)
    waiting = [socket.create_connection(address, timeout=20) for _ in range(40)]
    begun = threading.active_count()
    assert begun < 60
    # Those over the limit are closed at once, the others at their deadline.
    closed = [one.recv(1) for one in waiting]
    assert closed == [b""] * 40
    assert post(webhook, signed(BODY)) == 204
