"""What an app tells by WebSocket is kept and found; refusals and broken connections are named."""

import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from ccci.errors import NodeFailure, RecipeFailure
from ccci.web.callers import Anonymous, Caller, HeaderToken, bearer
from ccci.web.websocket import Refused, WebSocket
from lab import ca

MIA = bearer("mia", "a-token")


def answer(connection: ServerConnection) -> None:
    """Tell who came, and then what comes in; `bye` ends the connection, `flood` sends a lot."""
    asked = connection.request
    assert asked
    connection.send(f'{{"from": "{asked.headers["Origin"]}"}}')
    for message in connection:
        if message == "bye":
            connection.close(4000, "enough")
        elif message == "flood":
            for _ in range(20):
                connection.send("x" * (1 << 20))
        else:
            connection.send(message)


def let_in(connection: ServerConnection, request: Request) -> Response | None:
    if request.path == "/away":
        away = connection.respond(HTTPStatus.FOUND, "")
        away.headers["Location"] = "/live"
        return away
    known = request.headers.get("Authorization") == "Bearer a-token"
    return None if known else connection.respond(HTTPStatus.UNAUTHORIZED, "Who are you?")


def authority_in(folder: Path) -> ca.Authority:
    authority = ca.Authority(folder / "ca")
    ca.ensure(authority, "localhost", system=folder / "no-such-bundle")
    return authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> ca.Authority:
    return authority_in(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="module")
def url(authority: ca.Authority) -> Iterator[str]:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(authority.wildcard, authority.wildcard_key)
    with serve(answer, "localhost", 0, ssl=trust, process_request=let_in) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def socket(url: str, authority: ca.Authority) -> Iterator[WebSocket]:
    made = WebSocket(f"{url}/live", MIA, authority.bundle)
    made.open()
    yield made
    made.close()


def wait(socket: WebSocket, text: str, seconds: float = 20) -> str:
    return socket.wait_for(f"a message with {text!r}", lambda message: text in message, seconds)


def test_what_the_app_tells_is_found_however_often_it_is_looked_for(
    socket: WebSocket, url: str
) -> None:
    assert wait(socket, "from") == f'{{"from": "{url}"}}'
    socket.send("first")
    socket.send("second")
    assert wait(socket, "second") == "second"
    assert wait(socket, "first") == "first"


def test_what_does_not_come_is_a_failure_with_the_last_message(socket: WebSocket) -> None:
    socket.send("something else")
    wait(socket, "else")
    with pytest.raises(RecipeFailure, match=r"mia: .*/live: Expected a message with 'it'; last"):
        wait(socket, "it", 0.3)


def test_a_connection_that_the_app_ends_is_a_failure_at_once(socket: WebSocket) -> None:
    socket.send("bye")
    with pytest.raises(RecipeFailure, match="the connection ended: 4000 enough"):
        wait(socket, "more", 20)
    socket.wait_for_end(0.1)
    with pytest.raises(RecipeFailure, match="nothing can be sent"):
        socket.send("hello?")


def test_a_connection_that_stays_open_has_not_ended(socket: WebSocket) -> None:
    wait(socket, "from")
    with pytest.raises(RecipeFailure, match="to be ended; last seen: it is open, 1 messages"):
        socket.wait_for_end(0.3)


def test_the_page_of_another_site_is_told_as_such(url: str, authority: ca.Authority) -> None:
    made = WebSocket(f"{url}/live", MIA, authority.bundle, "elsewhere.example.org")
    made.open()
    assert "https://elsewhere.example.org" in wait(made, "from")
    made.close()


def test_an_app_may_not_tell_without_end(socket: WebSocket) -> None:
    socket.send("flood")
    with pytest.raises(RecipeFailure, match="told more than"):
        wait(socket, "more", 20)


@pytest.mark.parametrize("caller", [Anonymous(), HeaderToken("eve", "Authorization", "Bearer b")])
def test_who_is_refused_is_told_so(url: str, authority: ca.Authority, caller: Caller) -> None:
    made = WebSocket(url, caller, authority.bundle)
    with pytest.raises(Refused, match=r"was answered 401: Who are you\?") as refusal:
        made.open()
    assert refusal.value.status == HTTPStatus.UNAUTHORIZED
    made.close()


def test_an_app_that_leads_elsewhere_does_not_get_the_caller_there(
    url: str, authority: ca.Authority
) -> None:
    made = WebSocket(f"{url}/away", MIA, authority.bundle)
    with pytest.raises(Refused, match="was answered 302"):
        made.open()
    made.close()


def test_where_nobody_listens_nobody_was_asked(authority: ca.Authority) -> None:
    made = WebSocket("https://localhost:9", MIA, authority.bundle)
    with pytest.raises(NodeFailure, match="the app was never asked"):
        made.open()
    made.close()


def test_a_certificate_that_nobody_trusts_is_no_refusal(url: str, tmp_path: Path) -> None:
    made = WebSocket(url, MIA, authority_in(tmp_path).bundle)
    with pytest.raises(RecipeFailure, match=r"cannot be opened.*certificate") as failure:
        made.open()
    assert not isinstance(failure.value, Refused)
    made.close()
