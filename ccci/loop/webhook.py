"""A door where the forge may knock: a signed knock wakes the poller, and says nothing more.

The signature is Gitea's: `X-Gitea-Signature`, the HMAC-SHA256 of the body in hexadecimal digits;
Forgejo sends the same under this name and under its own.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ccci.errors import Misuse
from ccci.loop.settings import ForgeSettings

_MOST_BYTES = 1 << 20
_SECONDS = 10.0


@contextmanager
def listening(settings: ForgeSettings, knocked: Callable[[], None]) -> Iterator[None]:
    """Listen for the length of the block; without a webhook, nothing is done.

    Args:
        settings: where, and with which secret.
        knocked: called at each knock with a good signature.

    Raises:
        Misuse: the address cannot be had, or the secret cannot be read.

    Example: ``with listening(settings, wake.set): ...``
    """
    webhook = settings.webhook
    if webhook is None:
        yield
        return
    secret = settings.webhook_secret().encode()
    try:
        server = ThreadingHTTPServer((webhook.address, webhook.port), _door(secret, knocked))
    except OSError as error:
        raise Misuse(
            f"forge.toml: key 'webhook.port': {webhook.address}:{webhook.port} cannot be had: "
            f"{error}."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_listening(settings: ForgeSettings) -> bool:
    """Tell whether a poller with the same secret listens already: it knows our knock.

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


def _door(secret: bytes, knocked: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > _MOST_BYTES:
                self._end(413)
                return
            body = self.rfile.read(int(length))
            right = hmac.new(secret, body, hashlib.sha256).hexdigest()
            given = self.headers.get("X-Gitea-Signature") or ""
            # As bytes: a header may hold what is no ASCII, which a comparison of words refuses.
            if hmac.compare_digest(right.encode(), given.encode("utf-8", "replace")):
                knocked()
                self._end(204)
            else:
                self._end(403)

        def _end(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Strangers do not write our log."""

    return Door
