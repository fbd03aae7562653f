"""An app that hangs, cuts its answer off or resets the connection has failed."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.web.api import Api, Wanted
from ccci.web.call import Call
from ccci.web.http import Client
from ccci.web.unanswered import Unanswered, failure_of

Handler = Callable[[socket.socket, threading.Event], None]


def hang(_: socket.socket, over: threading.Event) -> None:
    over.wait(20)


def cut_off(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly the begin")


def cut_off_a_chunk(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nnot so much")


def reset(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(_: socket.socket, __: threading.Event) -> None:
    """Close the connection without a word."""


@contextmanager
def app(handle: Handler) -> Iterator[str]:
    """Take requests and treat them like this; give the app's address."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    handle(connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def api_at(address: str) -> Api:
    return Api(Client(Server(domain="127.0.0.1")), address, "127.0.0.1")


@pytest.mark.parametrize("handle", [hang, cut_off, cut_off_a_chunk, reset, close])
def test_who_took_the_request_and_gave_no_answer_has_failed(handle: Handler) -> None:
    with app(handle) as address:
        with pytest.raises(RecipeFailure):
            api_at(address).send(Call("GET", "/"), within_seconds=1)
        with pytest.raises(RecipeFailure):
            api_at(address).wait(Call("GET", "/"), Wanted(), within_seconds=1)


def test_who_was_never_reached_has_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    api = api_at(f"http://127.0.0.1:{port}")
    with pytest.raises(NodeFailure, match="no connection"):
        api.send(Call("GET", "/"), within_seconds=1)
    with pytest.raises(NodeFailure, match="no connection"):
        api.wait(Call("GET", "/"), Wanted(), within_seconds=1)
    with pytest.raises(NodeFailure, match="no connection"):
        Client(Server(domain="nowhere.invalid")).request("GET", "http://nowhere.invalid/")


def test_it_is_one_kind_of_failure() -> None:
    with app(reset) as address, pytest.raises(Unanswered, match="cut off, or the connection reset"):
        api_at(address).send(Call("GET", "/"), within_seconds=1)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (ssl.SSLEOFError(8, "EOF occurred"), "the connection was ended before the whole request"),
        (ssl.SSLCertVerificationError(1, "self-signed"), "the certificate is not trusted"),
    ],
)
def test_a_connection_that_the_app_ended_is_no_matter_of_certificates(
    cause: ssl.SSLError, said: str
) -> None:
    failure = failure_of("https://shop.lab.test/", requests.exceptions.SSLError(cause))
    assert said in str(failure)
    assert isinstance(failure, Unanswered) == isinstance(cause, ssl.SSLEOFError)
