"""A small app with an HTTP API, over TLS with a certificate of its own authority."""

import json
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ccci.node.server import Server
from lab import ca

MAILBOX = "/api/v1/mailbox/"
ITEMS = [{"id": number} for number in range(1, 8)]


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class App:
    """The app: where it is, whom to trust, what it was asked, and what it answers next.

    Attributes:
        url: its address.
        server: the server file's content that leads to it.
        asked: every request.
        answers: status, body and headers of its next answers to `/next`.
        mails: address to the mails that it shows as Inbucket does, the oldest first.
    """

    url: str = ""
    server: Server = field(default_factory=lambda: Server(domain="lab.test"))
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    mails: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, status: int, body: Any = "", **headers: str) -> None:
        """Say what `/next` is to be answered; the last one is kept for good."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, body, named))

    def next_answer(self) -> tuple[int, Any, dict[str, str]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: `/echo`, `/numbers`, `/links`, `/offsets`, `/cursors`, `/login`, ..."""

    app: App

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(length))
        self.app.asked.append(asked)
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        say = getattr(self, f"say_{path.strip('/').replace('/', '_')}", None)
        if path.startswith(MAILBOX):
            self.say_mailbox(path.removeprefix(MAILBOX))
        elif say is None:
            self.say(404, {"message": "no such page"})
        else:
            say(asked)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def say_next(self, _: Asked) -> None:
        status, body, headers = self.app.next_answer()
        self.say(status, body, headers)

    def say_mailbox(self, path: str) -> None:
        address, _, number = urllib.parse.unquote(path).partition("/")
        mails = self.app.mails.get(address, [])
        found = [one for one in mails if one["id"] == number] if number else [mails]
        self.say(200, found[0]) if found else self.say(404, "no such mail")

    def say_echo(self, asked: Asked) -> None:
        self.say(200, {"method": asked.method, "headers": asked.headers, "query": self.query})

    def say_mirror(self, asked: Asked) -> None:
        self.say(201, asked.body, {"Content-Type": asked.headers.get("content-type", "")})

    def say_numbers(self, _: Asked) -> None:
        page = int(self.query.get("page", 1))
        self.say(200, {"data": {"list": ITEMS[(page - 1) * 3 : page * 3]}})

    def say_deaf(self, _: Asked) -> None:
        self.say(200, ITEMS[:3])

    def say_offsets(self, _: Asked) -> None:
        first = int(self.query.get("skip", 0))
        self.say(200, ITEMS[first : first + 3])

    def say_links(self, _: Asked) -> None:
        page = int(self.query.get("p", 1))
        more = {"Link": f'<{self.app.url}/links?p={page + 1}>; rel="next"'} if page < 3 else {}
        self.say(200, ITEMS[(page - 1) * 3 : page * 3], more)

    def say_cursors(self, _: Asked) -> None:
        first = int(self.query.get("after", 0))
        then = str(first + 3) if first + 3 < len(ITEMS) else None
        self.say(200, {"data": ITEMS[first : first + 3], "meta": {"next": then}})

    def say_login(self, asked: Asked) -> None:
        cookies = {"Set-Cookie": "session=the-value-of-a-session; Path=/; Secure; HttpOnly"}
        if json.loads(asked.body)["password"] != "right":
            return self.say(401, {"message": "wrong password"})
        return self.say(200, {"name": "ada"}, cookies, {"Set-Cookie": "csrf=abc%3D1; Path=/"})

    def say_form(self, _: Asked) -> None:
        self.say(200, "a form", {"Set-Cookie": "csrf=of-the-form; Path=/"})

    def say_logout(self, _: Asked) -> None:
        self.say(204, b"", {"Set-Cookie": "session=; Max-Age=0; Path=/"})

    def say_moved(self, _: Asked) -> None:
        self.say(302, "", {"Location": self.query.get("to", "/moved")})

    def say(self, status: int, content: Any, *headers: dict[str, str]) -> None:
        json_body = isinstance(content, dict | list)
        body = json.dumps(content).encode() if json_body else content
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if json_body:
            self.send_header("Content-Type", "application/json")
        for one in headers:
            for name, value in one.items():
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: what matters is asserted."""


@contextmanager
def running(folder: Path) -> Iterator[App]:
    """Run the app at a name below lab.test for as long as the block lasts."""
    authority = ca.Authority(folder / "ca")
    ca.ensure(authority, "lab.test", system=folder / "no-such-bundle")
    app = App()
    handler = type("OfThisApp", (Handler,), {"app": app})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.wildcard, authority.wildcard_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    app.url = f"https://app.lab.test:{server.server_port}"
    app.server = Server(
        domain="lab.test",
        ca_bundle=authority.bundle,
        https_port=server.server_port,
        names={"*.lab.test": "127.0.0.1"},
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
