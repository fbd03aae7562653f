"""One WebSocket of an app (RFC 6455): what the app tells is kept, in the order in which it came."""

import ssl
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from requests.cookies import get_cookie_header
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin

from ccci.background import BackgroundLoop
from ccci.errors import NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.callers import Caller
from ccci.web.limits import AT_MOST_BYTES

# How long anything may take that the app does at once, on a busy node.
WITHIN_SECONDS = 60.0
# What a message takes beside its text.
_BYTES_EACH = 64
_SHOWN = 300


class Refused(RecipeFailure):
    """The request for a WebSocket was answered with something else; `status` is the answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _ConnectOnce(connect):
    """Follows no redirect: another host would get the caller's headers."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class WebSocket:
    """A WebSocket that somebody opened.

    All that is sent and received is in one thread of its own: in Python 3.11 two threads that read
    and write one TLS connection lose messages.

    Attributes:
        frames: the messages of the app as they came, the oldest first.
        end: how the connection ended, to be read after "but"; empty while it is open.
        close_code: the code with which it ended (RFC 6455, section 7.4); 0 while it is open.
    """

    def __init__(self, url: str, caller: Caller, bundle: Path | None, site: str = "") -> None:
        """Take where to and who asks; nothing is connected yet.

        Args:
            url: the address, which begins with `https://`.
            caller: who opens it; the request has this caller's headers and cookies.
            bundle: the certificates to trust; None for the system's.
            site: the host of the site whose page asks (RFC 6454); that of the app by default.
        """
        self._url, self._caller = url, caller
        self._site = f"https://{site}" if site else "/".join(url.split("/")[:3])
        self._bundle = str(bundle) if bundle else None
        self.frames: list[str | bytes] = []
        self.end = ""
        self.close_code = 0
        self._connection: ClientConnection | None = None
        self._listening: Future[None] | None = None
        self._background = BackgroundLoop(str(self))

    def __str__(self) -> str:
        return f"{self._caller.name}: WebSocket {self._url.partition('?')[0]}"

    __repr__ = __str__

    @property
    def told(self) -> list[str]:
        """The messages as text, binary ones with invalid bytes replaced."""
        return [
            one if isinstance(one, str) else one.decode("utf-8", "replace") for one in self.frames
        ]

    def open(self) -> None:
        """Connect.

        Raises:
            Refused: the request was answered with something else than a WebSocket.
            RecipeFailure: the certificate is not trusted, or there was no answer.
            NodeFailure: no connection was made.
        """
        try:
            self._connection = self._do(self._open())
        except InvalidStatus as error:
            answer = error.response
            said = bytes(answer.body or b"").decode("utf-8", "replace")[:_SHOWN]
            sentence = f"{self} was answered {answer.status_code}: {said}"
            raise Refused(sentence, answer.status_code) from None
        except (WebSocketException, ssl.SSLError, TimeoutError) as error:
            raise RecipeFailure(f"{self} cannot be opened: {error!r:.{_SHOWN}}") from None
        except OSError as error:
            raise NodeFailure(f"{self}: no connection, the app was never asked: {error}") from None
        assert self._connection
        self._listening = self._background.begin(self._listen(self._connection))

    def send(self, message: str | bytes) -> None:
        """Send a message, which is text or binary.

        Raises:
            RecipeFailure: the connection has ended, or the app does not read.
        """
        assert self._connection
        try:
            self._do(self._connection.send(message))
        except (ConnectionClosed, OSError) as error:
            raise RecipeFailure(f"{self}: nothing can be sent: {self.end or error!r}") from None

    def wait_for(self, wanted: str, fits: Callable[[str], bool], within_seconds: float) -> str:
        """Return the first message that fits, of all since the connection was opened.

        Args:
            wanted: what is waited for, to be read after "Expected".
            fits: whether a message is the one.
            within_seconds: the deadline.

        Raises:
            RecipeFailure: none came in time, or the connection ended without one.
        """
        found: list[str] = []

        def look() -> Look:
            # Before the messages: the last one may come with the end.
            end = self.end
            found.extend(filter(fits, self.told))
            if end and not found:
                raise RecipeFailure(f"{self}: expected {wanted}, but {end}{self._last()}")
            return Look(bool(found), f"{len(self.frames)} messages{self._last()}")

        self._wait(wanted, look, within_seconds)
        return found[0]

    def wait_for_end(self, within_seconds: float) -> None:
        """Return when the app, or something on the way to it, has ended the connection.

        Raises:
            RecipeFailure: it is still open.
        """

        def look() -> Look:
            return Look(bool(self.end), f"it is open, {len(self.frames)} messages{self._last()}")

        self._wait("the connection to be ended", look, within_seconds)

    def close(self) -> None:
        """End the connection, if there is one."""
        try:
            if self._connection:
                self._do(self._connection.close())
            if self._listening:
                self._listening.result(timeout=WITHIN_SECONDS)
        finally:
            self._background.close()

    def _wait(self, wanted: str, look: Callable[[], Look], within_seconds: float) -> None:
        try:
            wait_for(wanted, look, within_seconds)
        except TooLate as late:
            raise RecipeFailure(f"{self}: {late}") from None

    def _last(self) -> str:
        return f"; the last one: {self.told[-1][:_SHOWN]}" if self.told else ""

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._background.do(work, WITHIN_SECONDS)

    async def _open(self) -> ClientConnection:
        return await _ConnectOnce(
            "wss" + self._url.removeprefix("https"),
            ssl=ssl.create_default_context(cafile=self._bundle),
            origin=Origin(self._site),
            additional_headers={**self._caller.headers_for("GET", self._url), **self._cookies()},
            open_timeout=None,
            ping_timeout=WITHIN_SECONDS,
            max_size=AT_MOST_BYTES,
            proxy=None,
        )

    def _cookies(self) -> dict[str, str]:
        request = requests.Request("GET", self._url).prepare()
        jar = self._caller.jar
        header = get_cookie_header(jar, request) if jar else None  # type: ignore[no-untyped-call]
        return {"Cookie": header} if header else {}

    async def _listen(self, connection: ClientConnection) -> None:
        left = AT_MOST_BYTES
        with suppress(ConnectionClosed):
            async for message in connection:
                left -= len(message) + _BYTES_EACH
                if left < 0:
                    self.end = f"the app told more than {AT_MOST_BYTES:,} bytes"
                    break
                self.frames.append(message)
        await connection.close()
        # 1006 is a connection that broke.
        self.close_code = connection.close_code or 1006
        ended = f"the connection ended: {self.close_code} {connection.close_reason}"
        self.end = self.end or ended
