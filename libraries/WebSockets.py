"""WebSockets of an app: what it tells by itself, and what it does not."""

from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import library

from ccci.bridge.accounts import caller_of, revealed
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.bridge.until_test_ends import UntilTestEnds
from ccci.errors import RecipeFailure
from ccci.web.api import statuses_in
from ccci.web.call import body_of
from ccci.web.jsonview import read_json
from ccci.web.websocket import Refused, WebSocket

_OPEN = UntilTestEnds()


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener=_OPEN)
class WebSockets:
    """Connects to the app under test by WebSocket, as its pages do. Certificates are verified.

    ``by`` says who connects, as in the library Api: the request has the headers and cookies of this
    caller. A WebSocket is closed when its test ends. Messages are text, most often JSON; all of
    them are kept, so that none is missed between two keywords. Source: RFC 6455.
    """

    @project_keyword("assertion")
    def open_web_socket(self, path: str, by: Any = None) -> WebSocket:
        """Opens a WebSocket at a path of the app, and returns it.

        Fails when the app refuses it or there is no connection.

        Example:
        | ${socket}=    Open Web Socket    /api/v4/websocket    by=${anna}
        """
        socket = self._socket(path, by)
        socket.open()
        return socket

    @project_keyword("assertion")
    def web_socket_should_be_refused(
        self, path: str, by: Any = None, site: str = "", expect: str | int = 403
    ) -> None:
        """Fails unless the request for a WebSocket is answered with the status ``expect``.

        With ``site`` (a host name), the request's Origin is that site. Fails
        when the WebSocket is open, and when the answer has another status.

        Example:
        | Web Socket Should Be Refused    /api/v4/websocket    by=${anna}    site=evil.example.org
        | Web Socket Should Be Refused    /live    expect=401 or 403
        """
        socket = self._socket(path, by, site)
        try:
            socket.open()
        except Refused as refusal:
            logger.info(str(refusal))
            if refusal.status not in statuses_in(expect):
                raise RecipeFailure(f"{refusal}\nExpected {expect}.") from None
        else:
            raise RecipeFailure(f"{socket}: expected to be refused; it is open.")

    @project_keyword("assertion")
    def send_on_web_socket(self, socket: WebSocket, body: Any) -> None:
        """Sends a message: text as it is, anything else as JSON. Secrets may be in it.

        Fails when the connection has ended.

        Example:
        | VAR    &{body}    seq=${1}    action=ping
        | Send On Web Socket    ${socket}    ${body}
        """
        sent = body_of(revealed(body))
        socket.send(sent.content.decode() if sent else "")

    @project_keyword("assertion")
    def web_socket_should_tell(
        self, socket: WebSocket, *texts: str, within: timedelta = timedelta(minutes=1)
    ) -> Any:
        """Waits for a message that has all these texts, and returns the first such message.

        Messages count that came since the WebSocket was opened. A message that is JSON is returned
        as JSON, to be read with dots: ``${message.data}``; any other as its text. Fails when none
        comes ``within`` that time, and shows the last one that came.

        Example:
        | ${message}=    Web Socket Should Tell    ${socket}    "posted"    Hello, Mia!
        | Should Be Equal    ${message.event}    posted
        """
        wanted = f"a message with {' and '.join(map(repr, texts))}"
        seconds = within.total_seconds()
        told = socket.wait_for(wanted, lambda message: all(t in message for t in texts), seconds)
        logger.info(told)
        try:
            return read_json(told)
        except ValueError:
            return told

    @project_keyword("assertion")
    def web_socket_should_not_have_told(self, socket: WebSocket, text: str) -> None:
        """Fails when a message with this text has come. Does not wait.

        Wait before, with `Web Socket Should Tell`, for something that the app tells later.

        Example:
        | Web Socket Should Tell    ${socket}    what everybody reads
        | Web Socket Should Not Have Told    ${socket}    what only two read
        """
        for message in socket.told:
            if text in message:
                raise RecipeFailure(f"{socket}: expected no message with {text!r}; got: {message}")

    @project_keyword("assertion")
    def web_socket_should_end(
        self, socket: WebSocket, within: timedelta = timedelta(minutes=1)
    ) -> None:
        """Waits until the app has ended the connection. Fails when it is still open then.

        Example:
        | ${socket}=    Open Web Socket    /api/v4/websocket
        | Web Socket Should End    ${socket}
        """
        socket.wait_for_end(within.total_seconds())

    def _socket(self, path: str, by: Any, site: str = "") -> WebSocket:
        url = f"{session.app.url}/{path.lstrip('/')}"
        socket = WebSocket(url, caller_of(by), session.server.ca_bundle, site)
        _OPEN.close_later(socket.close)
        return socket
