"""A client of Uptime Kuma: it speaks Socket.IO over a WebSocket, as Uptime Kuma's pages do.

The events and their arguments are those of the pages; Uptime Kuma documents them nowhere else than
in server/server.js and server/socket-handlers of its sources.
"""

import asyncio
import ssl
from collections.abc import Coroutine
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]
from socketio.exceptions import SocketIOError  # type: ignore[import-untyped]

from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.jsonview import as_text, read_json

# How long anything may take that the server does at once, on a busy node.
WITHIN_SECONDS = 60.0
_SHOWN = 300
# With the first of these Uptime Kuma refuses a page of another site.
_FORBIDDEN = (400, 403)


class NotLetIn(RecipeFailure):
    """The server forbids the connection."""


class KumaClient:
    """One visitor of an Uptime Kuma, and what the server told this visitor.

    All that is sent and received is in one thread of the client's own: in Python 3.11 two threads
    that read and write one TLS connection lose messages (3 of 100 connections here).

    Attributes:
        name: the visitor's, for messages.
    """

    def __init__(self, name: str, url: str, bundle: Path | None, site: str = "") -> None:
        """Take who comes, and where to; nobody has connected yet.

        Args:
            name: the visitor's.
            url: the server's address.
            bundle: the certificates to trust; None for the system's.
            site: the address of the site whose page asks; that of the server itself by default.
        """
        self.name, self._url, self._site = name, url, site or url
        self._bundle = str(bundle) if bundle else None
        self._told: dict[str, Any] = {}
        self._io: Any = None
        self._http: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"visitor {name}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<{self.name} at {self._url}>"

    def connect(self) -> None:
        """Connect, and wait for the first thing that the server tells.

        A call that is sent before that may be lost.

        Raises:
            NotLetIn: the server forbids the connection.
            RecipeFailure: there is no connection, or the server tells nothing.
        """
        try:
            self._do(self._connect())
        except (SocketIOError, aiohttp.ClientError, OSError) as error:
            cause = _first_cause(error)
            status = getattr(cause, "status", None)
            kind = NotLetIn if status in _FORBIDDEN else RecipeFailure
            seen = f"it answered {status}" if status else str(cause)
            raise kind(f"{self.name} cannot connect to Uptime Kuma: {seen}") from None
        self.told("info")

    def call(self, event: str, *arguments: Any) -> Any:
        """Call the server, and return its answer.

        Args:
            event: the call, such as `login`.
            arguments: what goes with it, as JSON has it.

        Raises:
            RecipeFailure: no answer comes, or the connection broke.
        """
        try:
            answer = self._do(self._io.call(event, arguments, timeout=WITHIN_SECONDS))
        except (SocketIOError, OSError) as error:
            raise RecipeFailure(
                f"{self.name}: {event} was not answered within {WITHIN_SECONDS:g} s: {error!r}"
            ) from None
        return _readable(answer)

    def told(self, event: str, field: str = "") -> Any:
        """Return what the server told last by an event, such as `monitorList`; wait for the first.

        Args:
            event: the event.
            field: wait for content that has this field.

        Raises:
            RecipeFailure: it told nothing, or nothing with the field.
        """

        def look() -> Look:
            content = self._told.get(event, "nothing")
            good = event in self._told and (not field or field in content)
            return Look(good, as_text(content)[:_SHOWN])

        wanted = f"the event {event}" + (f" with {field}" if field else "")
        try:
            wait_for(wanted, look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(f"{self.name}: {late}") from None
        return _readable(self._told[event])

    def leave(self) -> None:
        """End the connection, if there is one."""
        self._do(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _connect(self) -> None:
        trust = ssl.create_default_context(cafile=self._bundle)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        self._io = socketio.AsyncClient(reconnection=False, http_session=self._http)
        self._io.on("*", self._hear)
        await self._io.connect(
            self._url,
            headers={"Origin": self._site},
            transports=["websocket"],
            wait_timeout=WITHIN_SECONDS,
        )

    async def _disconnect(self) -> None:
        if self._io:
            await self._io.disconnect()
        if self._http:
            await self._http.close()

    async def _hear(self, event: str, content: Any = None, *_: Any) -> None:
        self._told[event] = content


def _readable(content: Any) -> Any:
    return read_json(as_text(content)) if isinstance(content, dict | list) else content


def _first_cause(error: BaseException) -> BaseException:
    """Return the error that the libraries in between answered with errors of their own."""
    while earlier := error.__cause__ or error.__context__:
        error = earlier
    return error
