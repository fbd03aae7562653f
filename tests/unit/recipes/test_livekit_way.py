"""The way of LiveKit's client to a server: to that one alone, and it tells when it is lost."""

import asyncio
import errno
import os

import pytest
from livekit_way import way_to


async def _asked(target: str) -> str:
    """Ask the proxy of the environment for a connection; return the first line of its answer."""
    port = int(os.environ["HTTPS_PROXY"].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return answer.decode().strip()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_the_way_leads_to_the_server_alone() -> None:
    async def go() -> tuple[str, str, str]:
        server = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with way_to("127.0.0.1", port, None) as way:
            answers = await _asked(f"127.0.0.1:{port}"), await _asked("127.0.0.1:1")
        server.close()
        return *answers, way.lost

    assert asyncio.run(go()) == ("HTTP/1.1 200 Connected", "HTTP/1.1 403 Forbidden", "")


def test_a_server_that_is_not_there_is_noted() -> None:
    async def go() -> tuple[str, str]:
        server = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with way_to("127.0.0.1", port, None) as way:
            return await _asked(f"127.0.0.1:{port}"), way.lost

    answer, lost = asyncio.run(go())
    assert answer == "HTTP/1.1 502 Bad Gateway" and f"[Errno {errno.ECONNREFUSED}]" in lost


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://before.example.org")

    async def go() -> None:
        async with way_to("127.0.0.1", 1, None):
            assert os.environ["HTTPS_PROXY"].startswith("http://127.0.0.1:")

    asyncio.run(go())
    assert os.environ["HTTPS_PROXY"] == "http://before.example.org"
