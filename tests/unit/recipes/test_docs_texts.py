"""Docs' texts and live documents: what is sent, what is seen, and whose fault a refusal is."""

import base64
from typing import Any

import pytest
from live_document import LiveDocument, NotLetIn
from pycrdt import Doc, Encoder, create_sync_message, create_update_message, handle_sync_message
from yjs_text import content_of, document_in, write_into, xml_of

from ccci.errors import RecipeFailure
from ccci.web.websocket import Refused

NAME = "0e4dcd64-4b0f-4a92-a7e5-6d5a2b9f2f11"


def test_paragraphs_are_read_back_from_what_the_api_takes() -> None:
    seen = xml_of(document_in(content_of(("Bread", "Grüße & <b>"))))
    assert seen.count("<paragraph") == seen.count("<blockContainer") == 2
    assert seen.count("<blockGroup") == 1
    assert "Bread" in seen and "Grüße" in seen


def test_an_answer_without_content_is_an_empty_document() -> None:
    assert xml_of(document_in("")) == ""


@pytest.mark.parametrize("content", ["<html>", base64.b64encode(b"no document").decode()])
def test_what_is_no_document_is_told(content: str) -> None:
    with pytest.raises(ValueError):
        document_in(content)


def _message(kind: int, *parts: bytes) -> bytes:
    encoder = Encoder()
    encoder.write_var_string(NAME)
    encoder.write_var_uint(kind)
    return encoder.to_bytes() + b"".join(parts)


def _said(number: int, text: str) -> bytes:
    encoder = Encoder()
    encoder.write_var_uint(number)
    encoder.write_var_string(text)
    return encoder.to_bytes()


class Server:
    """What a server does with one connection: it lets somebody in, and takes changes or not."""

    def __init__(self, scope: str = "read-write", denied: str = "", end: str = "", code: int = 0):
        self.doc: Doc[Any] = Doc()
        self.frames: list[str | bytes] = []
        self.end, self.close_code = end, code
        self.scope, self.denied = scope, denied
        write_into(self.doc, "Bread")

    def open(self) -> None:
        pass

    def send(self, message: bytes) -> None:
        assert message.startswith(bytes([len(NAME)]) + NAME.encode())
        kind, rest = message[len(NAME) + 1], message[len(NAME) + 2 :]
        if self.end:
            return
        if kind == 2:
            said = _said(1, self.denied) if self.denied else _said(2, self.scope)
            self.frames.append(_message(2, said))
        elif rest[0] == 0:
            reply = handle_sync_message(rest, self.doc)
            assert reply
            self.frames += [_message(4, reply[1:]), _message(0, create_sync_message(self.doc)[1:])]
        else:
            taken = self.scope == "read-write"
            if taken:
                handle_sync_message(rest, self.doc)
            self.frames.append(_message(8, bytes([taken])))

    def change(self, line: str) -> None:
        before = self.doc.get_state()
        write_into(self.doc, line)
        self.frames.append(_message(0, create_update_message(self.doc.get_update(before))[1:]))


def _live(server: Any) -> LiveDocument:
    live = LiveDocument(NAME, server)
    live.open()
    return live


def test_what_is_there_and_what_others_write_is_seen() -> None:
    server = Server()
    live = _live(server)
    live.wait_for("Bread")
    server.change("Cheese")
    live.wait_for("Cheese")


def test_a_line_goes_out_and_is_taken() -> None:
    server = Server()
    live = _live(server)
    live.wait_for("Bread")
    assert live.write("Soup") is True
    assert "Soup" in xml_of(server.doc) and "Bread" in xml_of(server.doc)


def test_a_reader_is_told_that_nothing_was_taken() -> None:
    server = Server(scope="readonly")
    live = _live(server)
    live.wait_for("Bread")
    assert live.write("Scribble") is False
    assert "Scribble" not in xml_of(server.doc)


@pytest.mark.parametrize(
    "server",
    [Server(denied="permission-denied"), Server(end="the connection ended: 4001 No", code=4001)],
)
def test_a_refusal_of_the_app_is_one(server: Server) -> None:
    with pytest.raises(NotLetIn, match=r"denied: permission-denied|4001 No"):
        _live(server)


def test_a_connection_that_broke_is_no_refusal() -> None:
    with pytest.raises(RecipeFailure, match="1006") as broken:
        _live(Server(end="the connection ended: 1006 ", code=1006))
    assert not isinstance(broken.value, NotLetIn)


@pytest.mark.parametrize(("status", "is_refusal"), [(401, True), (403, True), (502, False)])
def test_an_answer_without_a_connection(status: int, is_refusal: bool) -> None:
    class Closed(Server):
        def open(self) -> None:
            raise Refused(f"answered {status}", status)

    with pytest.raises(RecipeFailure, match=str(status)) as refused:
        _live(Closed())
    assert isinstance(refused.value, NotLetIn) is is_refusal
