"""Limits on what an app may send: time for the whole of it, and bytes, also when unpacked.

The timeout of `requests` counts from byte to byte, and nothing there limits a body. Here the
sockets themselves count: the connection, the handshake, headers, chunks and redirects are all in.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.util.ssl_ import create_urllib3_context

from ccci.errors import RecipeFailure

WITHIN_SECONDS = 30.0
# A file of a test has kilobytes, and JSON takes up to fifty times its size when it is read.
AT_MOST_BYTES = 16 << 20
_WHERE = "Look at the log of the app's services: it lies with the results, in services/."


class LimitBroken(RecipeFailure):
    """An app sent too slowly, or too much."""


class TooLarge(LimitBroken):
    """An app sent too much."""


class Meter:
    """Counts what is received for one request, with its redirects; unlimited until it begins."""

    def __init__(self) -> None:
        self.asked = ""
        self._ends_at = self._within = self._at_most = float("inf")
        self._received = self._unpacked = 0

    def begin(
        self, within_seconds: float = WITHIN_SECONDS, at_most_bytes: int = AT_MOST_BYTES
    ) -> None:
        """Start anew: all that is asked from now on must be answered within these limits."""
        self._within, self._at_most = within_seconds, at_most_bytes
        self._ends_at = time.monotonic() + within_seconds
        self._received = self._unpacked = 0

    def end(self) -> None:
        """Limit nothing any more."""
        self._ends_at = self._at_most = float("inf")

    def extend(self, within_seconds: float) -> None:
        """Allow more time, where a caller asks for it."""
        if within_seconds > self._within:
            self._ends_at += within_seconds - self._within
            self._within = within_seconds

    def seconds_left(self) -> float | None:
        """Return the time that is left; None without a limit.

        Raises:
            LimitBroken: there is none.
        """
        if self._ends_at == float("inf"):
            return None
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise self.too_late()
        return left

    def received(self, count: int) -> None:
        """Count bytes from the network.

        Raises:
            LimitBroken: there are too many.
        """
        self._received += count
        # Headers, and the frames of TLS and of chunks, come on top of the body.
        if self._received > self._at_most * 1.1 + (1 << 20):
            raise self._too_much(f"{self._received:,} bytes had come")

    def unpacked(self, count: int) -> None:
        """Count bytes of the body after decompression.

        Raises:
            LimitBroken: there are too many.
        """
        self._unpacked += count
        if self._unpacked > self._at_most:
            raise self._too_much(
                f"the {self._received:,} bytes that had come unpack to more than that"
            )

    def too_late(self) -> LimitBroken:
        """Return the failure of an answer that is not whole in time."""
        seen = f"only {self._received:,} bytes had come" if self._received else "nothing had come"
        return LimitBroken(
            f"{self.asked}: expected the whole answer within {self._within:g} s; {seen}.\n{_WHERE}"
        )

    def _too_much(self, seen: str) -> TooLarge:
        return TooLarge(
            f"{self.asked}: expected an answer of at most {self._at_most:,.0f} bytes; {seen}.\n"
            f"If it may be larger, raise the limit where it is asked for.\n{_WHERE}"
        )


class MeteredAdapter(HTTPAdapter):
    """Sends the requests of a session with sockets that a meter watches."""

    def __init__(self, meter: Meter, *args: Any, **kwargs: Any) -> None:
        """Take the meter; all else is as `requests` has it."""
        self._meter = meter
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections, with metered sockets."""
        context = create_urllib3_context()
        context.sslsocket_class = type("_Tls", (_MeteredTls,), {"meter": self._meter})
        super().init_poolmanager(*args, **kwargs, ssl_context=context)
        connection = type("_Plain", (_PlainConnection,), {"meter": self._meter})
        plain = type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": connection})
        pools = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = {**pools, "http": plain}

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send one request; its body is counted as it is read.

        Raises:
            LimitBroken: the headers alone are over a limit.
        """
        meter = self._meter
        meter.asked = f"{request.method} {str(request.url).partition('?')[0]}"
        asked_seconds = kwargs.get("timeout")
        if isinstance(asked_seconds, int | float):
            meter.extend(asked_seconds)
        kwargs["timeout"] = meter.seconds_left()
        answer = super().send(request, *args, **kwargs)
        inner = answer.raw.stream

        def counted(*args: Any, **kwargs: Any) -> Iterator[bytes]:
            for chunk in inner(*args, **kwargs):
                meter.unpacked(len(chunk))
                yield chunk

        answer.raw.stream = counted  # type: ignore[method-assign]
        return answer


class _Metered:
    """A socket's calls that take time: each gets what is left of the time for all."""

    meter: Meter

    def settimeout(self, value: float | None, /) -> None:
        """Set what is left: a timeout that others set counts from byte to byte."""
        super().settimeout(self.meter.seconds_left())  # type: ignore[misc]

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive, and count what came."""
        count: int = self._in_time("recv_into", *args, **kwargs)
        self.meter.received(count)
        return count

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send some of the data."""
        sent: int = self._in_time("send", *args, **kwargs)
        return sent

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all of the data."""
        self._in_time("sendall", *args, **kwargs)

    def do_handshake(self, *args: Any, **kwargs: Any) -> None:
        """Agree on keys; only a socket of TLS does that."""
        self._in_time("do_handshake", *args, **kwargs)

    def _in_time(self, call: str, *args: Any, **kwargs: Any) -> Any:
        self.settimeout(None)
        try:
            return getattr(super(), call)(*args, **kwargs)
        except TimeoutError:
            raise self.meter.too_late() from None


class _MeteredTls(_Metered, ssl.SSLSocket):
    pass


class _MeteredPlain(_Metered, socket.socket):
    pass


class _PlainConnection(HTTPConnection):
    meter: Meter

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        made = type("_Socket", (_MeteredPlain,), {"meter": self.meter})
        metered: socket.socket = made(opened.family, opened.type, opened.proto, opened.detach())
        return metered
