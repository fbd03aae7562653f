"""An app that answers as no app should: too slowly, too much, or not in HTTP. Over TLS."""

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ccci.node.server import Server
from lab import ca

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"


@dataclass(frozen=True)
class Hostile:
    """The app: its address, and the server file's content that leads to it."""

    url: str
    server: Server


def _packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = gzip.compress(content, 9)
    return content


ZEROS = bytes(400 << 20)
BOMB = _packed(ZEROS)


class Speaker:
    """One connection; `over` is set when the app ends, so that nothing outlives a test."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection, self.over = connection, over

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes = b"a", every: float = 0.05) -> None:
        while not self.over.wait(every):
            self.say(data)

    def flood(self, data: bytes) -> None:
        while not self.over.is_set():
            self.say(data)

    def whole(self, body: bytes, headers: bytes = b"") -> None:
        self.say(OK + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def _again(speaker: Speaker) -> None:
    speaker.over.wait(0.3)
    speaker.say(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


ANSWERS: dict[str, Callable[[Speaker], None]] = {
    "/good": lambda to: to.whole(b'{"a": 1}', JSON),
    "/silent": lambda to: to.drip(b""),
    "/body": lambda to: (to.say(OK + b"Content-Length: 100000\r\n\r\n"), to.drip())[1],
    "/headers": lambda to: (to.say(OK), to.drip(b"x"))[1],
    "/many-headers": lambda to: to.flood(b"X-A: 1\r\n"),
    "/long-header": lambda to: (to.say(OK), to.flood(b"x" * 4096))[1],
    "/continue": lambda to: to.flood(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "/chunks": lambda to: (
        to.say(OK + b"Transfer-Encoding: chunked\r\n\r\n"), to.drip(b"1\r\na\r\n"))[1],
    "/flood": lambda to: (to.say(OK + b"\r\n"), to.flood(b"a" * 65536))[1],
    "/flood-of-chunks": lambda to: (
        to.say(OK + b"Transfer-Encoding: chunked\r\n\r\n"), to.flood(b"1\r\na\r\n" * 9999))[1],
    "/trailers": lambda to: (
        to.say(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"), to.flood(b"X: 1\r\n" * 9999))[1],
    "/bomb": lambda to: to.whole(BOMB, b"Content-Encoding: gzip\r\n"),
    "/double-bomb": lambda to: to.whole(
        _packed(BOMB), b"Content-Encoding: gzip, gzip\r\n"),
    "/deflate-bomb": lambda to: to.whole(zlib.compress(ZEROS), b"Content-Encoding: deflate\r\n"),
    "/large": lambda to: to.whole(b"a" * (17 << 20)),
    "/deep": lambda to: to.whole(b"[" * 1_000_000, JSON),
    "/wide": lambda to: to.whole(b"[" + b"{}," * 2_700_000 + b"{}]", JSON),
    "/unclosed": lambda to: to.whole(
        b"<script " * 500_000 + b"<" * 500_000, b"Content-Type: text/html\r\n"),
    "/not-gzip": lambda to: to.whole(b"nonsense", b"Content-Encoding: gzip\r\n"),
    "/not-http": lambda to: to.say(b"SSH-2.0-nonsense\r\n\r\n"),
    "/again": _again,
}  # fmt: skip


@contextmanager
def running(folder: Path) -> Iterator[Hostile]:
    """Run the app at a name below lab.test for as long as the block lasts.

    A connection to `app.lab.test` is answered by its path; one to `mute.lab.test` gets a byte of a
    TLS handshake now and then.
    """
    authority = ca.Authority(folder / "ca")
    ca.ensure(authority, "lab.test", system=folder / "no-such-bundle")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.wildcard, authority.wildcard_key)
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), plain:
            hello = plain.recv(4096, socket.MSG_PEEK)
            if b"mute.lab.test" in hello:
                plain.sendall(b"\x16\x03\x03\x3f\xff")  # The start of a long record.
                Speaker(plain, over).drip(b"\x00")
                return
            with context.wrap_socket(plain, server_side=True) as connection:
                while asked := connection.recv(65536):
                    path = asked.split(b" ")[1].decode()
                    ANSWERS[path](Speaker(connection, over))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port = listening.getsockname()[1]
    server = Server(
        domain="lab.test",
        ca_bundle=authority.bundle,
        https_port=port,
        names={"*.lab.test": "127.0.0.1"},
    )
    try:
        yield Hostile(f"https://app.lab.test:{port}", server)
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
