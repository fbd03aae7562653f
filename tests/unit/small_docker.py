"""A small Docker daemon of a Swarm's manager, on a Unix socket: it has what a test gives it."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar


class Handler(BaseHTTPRequestHandler):
    """Answers what a client asks a daemon of a Swarm's manager at its start."""

    protocol_version = "HTTP/1.1"
    state = "active"
    over: threading.Event
    # What it lists, by the last word of the path: of containers that is `json`.
    has: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        if self.path.endswith("/events"):
            self.send_response(200)
            self.end_headers()
            self.over.wait(20)
            self.close_connection = True
            return
        bodies = {
            "info": {"Swarm": {"LocalNodeState": self.state, "ControlAvailable": True}},
            "volumes": {"Volumes": []},
            "version": {"ApiVersion": "1.43"},
            **self.has,
        }
        body = json.dumps(bodies.get(self.path.partition("?")[0].rpartition("/")[2], [])).encode()
        # The Swarm is still starting.
        away = self.state == "pending" and "/services" in self.path
        self.send_response(503 if away else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> Any:
        request, _ = super().get_request()
        return request, ("docker", 0)


@contextmanager
def running(path: Path, state: str = "active") -> Iterator[type[Handler]]:
    """Run a daemon for a while; its connections end with it."""
    over = threading.Event()
    handler = type("Made", (Handler,), {"state": state, "over": over})
    path.unlink(missing_ok=True)
    with Server(str(path), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield handler
        path.unlink()
        server.shutdown()
        over.set()
    thread.join(5)
