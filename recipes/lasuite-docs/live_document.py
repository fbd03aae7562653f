"""A document of Docs that somebody has open: what others write comes in, and one's own goes out.

Docs' pages speak Hocuspocus over a WebSocket: each message has the document's name, a kind, and for
most kinds a message of the Yjs protocol. Sources: https://tiptap.dev/docs/hocuspocus (server 3.4),
https://github.com/yjs/y-protocols/blob/master/PROTOCOL.md.
"""

from collections.abc import Callable
from typing import Any

from pycrdt import (
    Decoder,
    Doc,
    Encoder,
    YSyncMessageType,
    create_update_message,
    handle_sync_message,
)
from pycrdt import create_sync_message as asked_for_all
from yjs_text import write_into, xml_of

from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.websocket import Refused, WebSocket

WITHIN_SECONDS = 60.0
# The kinds of messages, and what one about rights says.
_SYNC, _AUTHENTICATION, _SYNC_REPLY, _CLOSE, _SYNC_STATUS = 0, 2, 4, 7, 8
_TOKEN, _DENIED = 0, 1
# From here on, codes with which a connection ends are the app's own (RFC 6455, section 7.4.2).
_CODES_OF_THE_APP = 4000


class NotLetIn(RecipeFailure):
    """The server refused to show the document."""


class LiveDocument:
    """A document as one person sees it.

    Attributes:
        scope: what the server allows: ``read-write`` or ``readonly``; empty before it answered.
    """

    def __init__(self, name: str, socket: WebSocket) -> None:
        """Take the document's ID, and a WebSocket that is not open yet."""
        self._name, self._socket = name, socket
        self._doc: Doc[Any] = Doc()
        self._read = 0
        self.scope = self._closed = ""
        self._has_all = False
        # The server says of each change, in their order, whether it took it.
        self._sent = 0
        self._taken: list[bool] = []

    def __str__(self) -> str:
        return str(self._socket)

    def open(self) -> None:
        """Connect, and take over what others have written since the first of them opened it.

        Raises:
            NotLetIn: the server refuses the connection, ends it with a code of its own, or denies.
            RecipeFailure: there is no connection, or the server is silent.
        """
        try:
            self._socket.open()
        except Refused as refusal:
            if refusal.status in (401, 403):
                raise NotLetIn(str(refusal)) from None
            raise
        self._send(_AUTHENTICATION, _TOKEN, "")
        self._wait("an answer about access", lambda: bool(self.scope))
        self._post(asked_for_all(self._doc))
        self._wait("what the document has now", lambda: self._has_all)

    def write(self, line: str) -> bool:
        """Add a paragraph, and return whether the server took it.

        Raises:
            RecipeFailure: the server does not say so in time.
        """
        before = self._doc.get_state()
        write_into(self._doc, line)
        self._change(create_update_message(self._doc.get_update(before)))
        self._wait("an answer to the change", lambda: len(self._taken) >= self._sent)
        return self._taken[-1]

    def wait_for(self, text: str) -> None:
        """Return when the document has this text.

        Raises:
            RecipeFailure: it has not in time.
        """
        self._wait(f"the text {text!r}", lambda: text in xml_of(self._doc))

    @property
    def text(self) -> str:
        """What the document has, as far as it came."""
        self._take()
        return xml_of(self._doc)

    def wait_for_end(self) -> None:
        """Return when the server has closed the document for this person, or ended the connection.

        Raises:
            RecipeFailure: it has not in time.
        """

        def look() -> Look:
            if not self._socket.end:
                self._take()
            return Look(bool(self._closed or self._socket.end), "it is open")

        self._wait_to_see("the connection to be ended", look)

    def close(self) -> None:
        """Leave the document."""
        self._socket.close()

    def _wait(self, wanted: str, is_there: Callable[[], bool]) -> None:
        def look() -> Look:
            # Before the messages: the last one may come with the end.
            end = self._socket.end
            self._take()
            end = end or self._closed
            if end and not is_there():
                raise self._ended(f"expected {wanted}, but {end}")
            return Look(is_there(), f"it has {xml_of(self._doc)!r:.300}")

        self._wait_to_see(wanted, look)

    def _wait_to_see(self, wanted: str, look: Callable[[], Look]) -> None:
        try:
            wait_for(wanted, look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(f"{self}: {late}") from None

    def _take(self) -> None:
        """Take what came since."""
        frames = self._socket.frames[self._read :]
        self._read += len(frames)
        for frame in frames:
            try:
                self._take_one(frame if isinstance(frame, bytes) else frame.encode())
            except (ValueError, IndexError) as error:
                raise RecipeFailure(f"{self}: cannot be read: {frame!r:.300}: {error}") from None

    def _take_one(self, frame: bytes) -> None:
        message = Decoder(frame)
        message.read_var_string()
        kind = message.read_var_uint()
        rest = frame[message.i0 :]
        if kind in (_SYNC, _SYNC_REPLY):
            self._has_all = self._has_all or rest[0] == YSyncMessageType.SYNC_STEP2
            if reply := handle_sync_message(rest, self._doc):
                self._change(reply)
        elif kind == _AUTHENTICATION:
            answer, said = message.read_var_uint(), message.read_var_string()
            if answer == _DENIED:
                raise NotLetIn(f"{self}: denied: {said}")
            self.scope = said
        elif kind == _CLOSE:
            self._closed = f"the server closed the document: {message.read_var_string()}"
        elif kind == _SYNC_STATUS:
            self._taken.append(bool(message.read_var_uint()))

    def _change(self, message: bytes) -> None:
        self._sent += 1
        self._post(message)

    def _send(self, kind: int, about: int, text: str) -> None:
        message = Encoder()
        message.write_var_uint(kind)
        message.write_var_uint(about)
        message.write_var_string(text)
        self._post(message.to_bytes())

    def _post(self, message: bytes) -> None:
        try:
            self._socket.send(self._named() + message)
        except RecipeFailure as failure:
            # How it ended is known a moment later.
            try:
                self._socket.wait_for_end(WITHIN_SECONDS)
            except RecipeFailure:
                raise failure from None
            raise self._ended(f"nothing can be sent: {self._socket.end}") from None

    def _ended(self, sentence: str) -> RecipeFailure:
        refused = self._socket.close_code >= _CODES_OF_THE_APP
        return (NotLetIn if refused else RecipeFailure)(f"{self}: {sentence}")

    def _named(self) -> bytes:
        name = Encoder()
        name.write_var_string(self._name)
        return name.to_bytes()
