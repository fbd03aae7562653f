"""A registry that wants a login sees the operator's only in runs that may use it.

The registry is a small server here; the Docker daemon and both clients are the real ones.
"""

import json
import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from ccci.loop.registry_login import write_docker_config

pytestmark = pytest.mark.lab

LOGIN = b64encode(b"operator:secret").decode()


class Registry(BaseHTTPRequestHandler):
    """Asks for a login, and has no image."""

    seen: list[str]

    def do_GET(self) -> None:
        sent = self.headers.get("Authorization", "")
        if sent:
            self.seen.append(sent)
        self.send_response(404 if sent else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def registry() -> Iterator[tuple[str, list[str]]]:
    """The host of a registry, and the logins that it has seen."""
    seen: list[str] = []
    handler = type("Handler", (Registry,), {"seen": seen})
    # Docker does without TLS at addresses of this machine.
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()


@pytest.mark.parametrize("client", ["python", "command"])
@pytest.mark.parametrize("whose", ["the operator's", "a pull request's", "one with an approval"])
def test_only_an_approved_registry_sees_the_login(
    whose: str,
    client: str,
    registry: tuple[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, seen = registry
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "config.json").write_text(json.dumps({"auths": {host: {"auth": LOGIN}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
    if whose != "the operator's":
        approvals = [f"registry:{host}"] if "approval" in whose else []
        own = write_docker_config(tmp_path / "own", approvals)
        monkeypatch.setenv("DOCKER_CONFIG", str(own))
    if client == "command":
        command = ["docker", "pull", f"{host}/private/app:1"]
        done = subprocess.run(command, env=os.environ, capture_output=True, check=False)
        assert done.returncode != 0
    else:
        with pytest.raises(APIError):
            docker.from_env().images.pull(f"{host}/private/app:1")
    assert bool(seen) == (whose != "a pull request's")
