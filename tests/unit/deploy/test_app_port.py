"""The health of an app without pages: a TLS handshake at its port, and nothing less."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ccci.apps import App
from ccci.deploy import app_port
from ccci.deploy.app_port import AppPort
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.view import SwarmView
from ccci.watch.port import PortWatch
from lab import ca

TALK = App("mumble", "talk.lab.test", "talk_lab_test", "https://talk.lab.test")
PORT = AppPort(cast(SwarmView, None), lambda: TALK, 64738)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Listen, and complete handshakes or close each connection, as the test says."""
    authority = ca.Authority(tmp_path / "ca")
    ca.ensure(authority, "lab.test", system=tmp_path / "no-such-bundle")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.wildcard, authority.wildcard_key)
    listener = socket.create_server(("127.0.0.1", 0))
    does = {"handshakes": True}

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if does["handshakes"]:
                    context.wrap_socket(connection, server_side=True).close()

    threading.Thread(target=serve, daemon=True).start()
    place = listener.getsockname()[:2]
    monkeypatch.setattr(app_port, "address_of_port", lambda *_, **__: place)
    yield does
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_an_app_that_completes_a_handshake_is_up(server: dict[str, Any]) -> None:
    looked: list[int] = []
    PORT.wait(5, 0.3, lambda: looked.append(1))
    assert looked


def test_a_port_that_is_open_is_not_enough(server: dict[str, Any]) -> None:
    server["handshakes"] = False
    with pytest.raises(
        RecipeFailure, match=r"Expected tls://talk\.lab\.test:64738 to complete a TLS"
    ):
        PORT.wait(0.3, 0, lambda: None)


def test_what_the_node_lacks_is_not_the_apps_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> tuple[str, int]:
        raise NodeFailure("Docker does not answer.")

    monkeypatch.setattr(app_port, "address_of_port", nowhere)
    with pytest.raises(NodeFailure, match="Docker does not answer"):
        PORT.wait(0.3, 0, lambda: None)


def test_the_watch_notes_when_no_handshake_is_completed(server: dict[str, Any]) -> None:
    watch = PortWatch(PORT)
    watch.go_on()
    watch.ask()
    server["handshakes"] = False
    watch.ask()
    server["handshakes"] = True
    watch.ask()
    (outage,) = watch.take()
    assert outage.answers == 1 and not outage.of_node and "no TLS handshake" in outage.seen
