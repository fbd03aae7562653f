"""The webhook: a signed request of the forge triggers a poll, and nothing else.

The signature is Gitea's: `X-Gitea-Signature`, the HMAC-SHA256 of the body in hexadecimal digits.
Forgejo sends the same header in addition to its own.
"""

import hashlib
import hmac
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ccci.errors import Misuse
from ccci.loop.settings import ForgeSettings

_LONGEST_BODY_BYTES = 1 << 20
_LENGTH = re.compile("[0-9]{1,10}")
# For the whole of one request.
_SECONDS = 10.0
_MOST_CONNECTIONS = 16


@contextmanager
def listening(settings: ForgeSettings, on_webhook: Callable[[], None]) -> Iterator[None]:
    """Listen for webhooks while the block runs; without `[webhook]` in forge.toml do nothing.

    Args:
        settings: the address, the port and the secret.
        on_webhook: called for each request with a valid signature.

    Raises:
        Misuse: the address is not available, or the secret cannot be read.

    Example: ``with listening(settings, poller.trigger): ...``
    """
    webhook = settings.webhook
    if webhook is None:
        yield
        return
    secret = settings.webhook_secret().encode()
    try:
        server = _Server((webhook.address, webhook.port), _handler(secret, on_webhook))
    except OSError as error:
        raise Misuse(
            f"forge.toml: key 'webhook.port': cannot listen on {webhook.address}:{webhook.port}: "
            f"{error}."
        ) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_listening(settings: ForgeSettings) -> bool:
    """Return whether a poller with the same secret listens already: it accepts our signature.

    Example:
        >>> is_listening(load_forge_settings())  # doctest: +SKIP
        True
    """
    webhook = settings.webhook
    if webhook is None:
        return False
    client = HTTPConnection(webhook.address, webhook.port, timeout=_SECONDS)
    try:
        signature = hmac.new(settings.webhook_secret().encode(), b"", hashlib.sha256).hexdigest()
        client.request("POST", "/", b"", {"X-Gitea-Signature": signature})
        return client.getresponse().status == 204
    except (OSError, HTTPException, Misuse):
        return False
    finally:
        client.close()


class _Server(ThreadingHTTPServer):
    """A server with a limit on its connections, and a deadline for the whole of each of them."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            # The forge sends a webhook again, and the poller polls without one.
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # The timeout of the handler is for each read; a client that sends a byte now and then would
        # never reach it.
        deadline = threading.Timer(_SECONDS, _cut, (request,))
        deadline.daemon = True
        try:
            deadline.start()
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: anybody could fill the log. The connection is closed."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _handler(secret: bytes, on_webhook: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length or self.headers.get("Transfer-Encoding"):
                self._respond(411)
                return
            # Checked as text: converting thousands of digits is an error of its own.
            if not _LENGTH.fullmatch(length) or int(length) > _LONGEST_BODY_BYTES:
                self._respond(413)
                return
            body = self.rfile.read(int(length))
            valid = hmac.new(secret, body, hashlib.sha256).hexdigest()
            given = self.headers.get("X-Gitea-Signature") or ""
            # Compared as bytes: compare_digest refuses text that is not ASCII.
            if hmac.compare_digest(valid.encode(), given.encode("utf-8", "replace")):
                on_webhook()
                self._respond(204)
            else:
                self._respond(403)

        def _respond(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: anybody could fill the log."""

    return Handler
