"""A client of Mumble tells a server nothing that does not show the certificate it expects."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mumble_client import Identity, MumbleClient
from mumble_identity import new_identity

from ccci.errors import RecipeFailure

SECRET = "the door's password"


@contextmanager
def server(shows: Identity, folder: Path, said: list[bytes]) -> Iterator[tuple[str, int]]:
    """Serve one client over TLS with a certificate, and note what it says."""
    (folder / "server.pem").write_bytes(shows.key + shows.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    def serve() -> None:
        plain, _ = door.accept()
        with plain:
            plain.settimeout(10)
            try:
                with context.wrap_socket(plain, server_side=True) as client:
                    said.append(client.recv(1 << 16))
            except ssl.SSLError:
                said.append(b"")

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()
        thread.join(20)
        assert not thread.is_alive()


def test_a_server_with_another_certificate_is_told_nothing(tmp_path: Path) -> None:
    real, other, said = new_identity("real"), new_identity("other"), list[bytes]()
    with server(other, tmp_path, said) as address:
        client = MumbleClient("bert", address, "mumble.example")
        with pytest.raises(RecipeFailure, match="bert expected another certificate"):
            client.connect(real.certificate.decode(), None)
    assert said == [b""]


def test_the_server_with_the_certificate_is_spoken_to(tmp_path: Path) -> None:
    real, said = new_identity("real"), list[bytes]()
    with server(real, tmp_path, said) as address:
        client = MumbleClient("bert", address, "mumble.example")
        client.connect(real.certificate.decode(), None)
        client.send("Authenticate", username="bert", password=SECRET, opus=True)
    assert len(said) == 1
    assert SECRET.encode() in said[0]
