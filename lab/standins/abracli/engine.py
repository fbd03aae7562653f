"""Docker: its HTTP interface for questions, its command line for stacks and terminals.

The SDK would do, but takes longer to load than most commands here take altogether.
"""

import json
import os
import re
import socket
import subprocess
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from lab.standins.abracli.logs import Fatal, debug

# Newer clients speak of a flag that older ones do not have.
_HINT = re.compile(r"Since --detach=|In a future release, --detach=")
# Names that mean something to the loader of programs or to docker itself. Settings come out of a
# recipe, and would change which program runs here, or which daemon it speaks to.
_OF_THE_MACHINE = re.compile(
    r"LD_\w*|GLIBC_TUNABLES|GCONV_PATH|PATH|HOME|TERM"
    r"|DOCKER_(HOST|CONFIG|CONTEXT|CERT_PATH|TLS|TLS_VERIFY|API_VERSION|AUTH_CONFIG|CUSTOM_HEADERS"
    r"|CLI_\w*|CONTENT_TRUST\w*|DEFAULT_PLATFORM|STACK_ORCHESTRATOR|ORCHESTRATOR|BUILDKIT|TMPDIR)"
)
NAMESPACE = "com.docker.stack.namespace"


class EngineError(Fatal):
    """The daemon refused; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def ask(method: str, path: str, query: Mapping[str, Any] | None = None, body: object = None) -> Any:
    """Send one request to the daemon and return the JSON it answers.

    Args:
        method: the HTTP method.
        path: such as /services.
        query: the query; mappings and lists are sent as JSON (filters).
        body: sent as JSON.

    Raises:
        EngineError: the daemon refused.
        Fatal: there is no daemon.
    """
    words = {k: v if isinstance(v, str) else json.dumps(v) for k, v in (query or {}).items()}
    url = path + ("?" + urllib.parse.urlencode(words) if words else "")
    status, content = _exchange(method, url, b"" if body is None else json.dumps(body).encode())
    debug(f"{method} {path}: {status}")
    if status >= 400:
        raise EngineError(_message(content), status)
    return json.loads(content) if content else None


def of_stack(kind: str, stack: str) -> list[dict[str, Any]]:
    """Return a stack's services, tasks, networks or containers (`kind`), found by label."""
    filters = {"label": [f"{NAMESPACE}={stack}"]}
    query: dict[str, Any] = {"filters": filters}
    if kind == "containers":
        kind, query = "containers/json", {**query, "all": "1"}
    found = ask("GET", f"/{kind}", query)
    return list(found or [])


def child_environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a docker command: the caller's own settings stay out.

    Args:
        settings: what compose files are filled in with.

    Raises:
        Fatal: a setting has a name that means something to this machine.
    """
    for name in settings or ():
        if _OF_THE_MACHINE.fullmatch(name):
            raise Fatal(f"{name} cannot be an app's setting: it belongs to this machine")
    kept = {k: v for k, v in os.environ.items() if k.startswith("DOCKER_")}
    kept |= {k: os.environ[k] for k in ("PATH", "HOME", "TERM") if k in os.environ}
    return {**(settings or {}), **kept}


def run_docker(
    words: Sequence[str], settings: Mapping[str, str] | None = None, at: str | None = None
) -> str:
    """Run a docker command to its end and return what it wrote on stdout.

    Raises:
        Fatal: it failed; what it said is passed on.
    """
    debug(f"docker {' '.join(words)}")
    done = subprocess.run(
        ["docker", *words],
        env=child_environment(settings),
        cwd=at,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stderr.splitlines():
        debug(line)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line and not _HINT.match(line)]
        raise Fatal("; ".join(said) or f"docker {words[0]} ended with {done.returncode}")
    return done.stdout


def _exchange(method: str, url: str, body: bytes) -> tuple[int, bytes]:
    """Send one request and return status and content.

    HTTP/1.0, where an answer ends with the connection: the standard library's client costs more
    time to load than the answer takes.
    """
    head = f"{method} {url} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    answer = bytearray()
    try:
        with _connect() as connection:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
    except OSError as error:
        raise Fatal(f"cannot connect to the Docker daemon: {error}. Is it running?") from None
    top, _, content = bytes(answer).partition(b"\r\n\r\n")
    words = top.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise Fatal("cannot connect to the Docker daemon: it broke off. Is it running?")
    return int(words[1]), content


def _connect() -> socket.socket:
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    scheme, _, place = host.partition("://")
    if scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(place)
        return connection
    if scheme == "tcp" and not os.environ.get("DOCKER_TLS_VERIFY"):
        name, _, port = place.rstrip("/").rpartition(":")
        return socket.create_connection((name, int(port)))
    raise Fatal(f"DOCKER_HOST={host}: the lab's abra drives a daemon by unix:// or tcp:// only")


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"]).removeprefix("rpc error: ")
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
