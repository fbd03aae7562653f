"""Sends one HTTPS request to a given address, and verifies the certificate for the host name."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10.0


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes


class _Connection(http.client.HTTPSConnection):
    """Connects to the given address; the certificate and the Host header are for the name."""

    def __init__(self, name: str, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(name, address[1], timeout=SECONDS, context=context)
        self._address = address
        self._ssl_context = context

    def connect(self) -> None:
        plain = socket.create_connection(self._address, timeout=SECONDS)
        self.sock = self._ssl_context.wrap_socket(plain, server_hostname=self.host)


def get(
    name: str,
    path: str,
    *,
    address: str,
    port: int,
    bundle: Path | None,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Request https://<name>:<port><path> from the server at `address`.

    Args:
        name: the host name, which the certificate must cover.
        path: the path, with the leading slash.
        address: the address to connect to, whatever the name resolves to.
        port: the port to connect to.
        bundle: the file with the trusted authorities; None for those of the system.
        method: the HTTP method.
        body: the body of the request.
        headers: additional headers.

    Raises:
        OSError: the connection failed, or the certificate is not trusted (ssl.SSLError).

    Example:
        get("app.lab.test", "/", address="127.0.0.1", port=443, bundle=Path("ca.pem")).status
    """
    context = ssl.create_default_context(cafile=str(bundle) if bundle else None)
    connection = _Connection(name, (address, port), context)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"invalid HTTP response: {error!r}") from error
    finally:
        connection.close()
