"""The way of LiveKit's client to a server whose name only this run knows.

The client is a program of its own, which asks the machine's DNS and trusts the machine's
certificates. It takes a proxy (RFC 9110, section 9.3.6) and a file of certificates from its
environment.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 65536
# Less than LiveKit's client waits, so that the reason is known when it gives up.
_REACH_SECONDS = 10.0


class _Unreachable(Exception):
    """There is no connection to the server; the text says why."""


@dataclass
class Way:
    """A way that is open.

    Attributes:
        lost: why the server could not be reached at the last attempt; empty if it could.
    """

    lost: str = ""


@asynccontextmanager
async def way_to(host: str, port: int, bundle: Path | None) -> AsyncIterator[Way]:
    """Open a way to one server, and show it to clients that connect meanwhile.

    A connection that was made stays open when the way is closed.

    Args:
        host: the server; any other is refused.
        port: its port.
        bundle: the certificates to trust; None for the machine's.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
        if asked[:2] != ["CONNECT", f"{host}:{port}"]:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        try:
            there_reader, there_writer = await _reach(host, port)
        except _Unreachable as reason:
            way.lost = str(reason)
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            writer.close()
            return
        way.lost = ""
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))

    way = Way()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here = server.sockets[0].getsockname()[1]
    try:
        with _environment(HTTPS_PROXY=f"http://127.0.0.1:{here}", SSL_CERT_FILE=str(bundle or "")):
            yield way
    finally:
        server.close()


async def _reach(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.wait_for(asyncio.open_connection(host, port), _REACH_SECONDS)
    except OSError as error:
        raise _Unreachable(str(error) or f"no answer within {_REACH_SECONDS:g} s") from None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update({name: value for name, value in variables.items() if value})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
