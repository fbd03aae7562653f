"""One HTTPS request to a name of the lab, sent to this node, with the certificate verified."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class _Elsewhere(http.client.HTTPSConnection):
    """Connects to an address of ours while certificate and Host header are for the name."""

    def __init__(self, name: str, address: tuple[str, int], trust: ssl.SSLContext) -> None:
        super().__init__(name, address[1], timeout=SECONDS, context=trust)
        self._address = address
        self._trust = trust

    def connect(self) -> None:
        plain = socket.create_connection(self._address, timeout=SECONDS)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


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
) -> Answer:
    """GET https://<name>:<port><path> from `address`.

    Args:
        name: the public name, which the certificate must cover.
        path: with its leading slash.
        address: where to connect, whatever the name resolves to.
        port: where HTTPS is.
        bundle: the trusted authorities; None for the system's.
        method: another one than GET.
        body: what to send.
        headers: besides the usual ones.

    Raises:
        OSError: no connection, or a certificate that is not trusted (ssl.SSLError).

    Example:
        get("app.lab.test", "/", address="127.0.0.1", port=443, bundle=Path("ca.pem")).status
    """
    trust = ssl.create_default_context(cafile=str(bundle) if bundle else None)
    connection = _Elsewhere(name, (address, port), trust)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()
