"""Docker: requests to its HTTP API, and its command line for stacks and terminals.

The SDK is not used, as loading it takes longer than most commands here take in total.
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

# A hint that newer versions of docker print.
_HINT = re.compile(r"Since --detach=|In a future release, --detach=")
# Variables with a meaning for the program loader or for docker. Settings come from a recipe, and
# such a variable could change which program runs on this machine, or which daemon it uses.
_MACHINE_VARIABLES = re.compile(
    r"LD_\w*|GLIBC_TUNABLES|GCONV_PATH|PATH|HOME|TERM"
    r"|DOCKER_(HOST|CONFIG|CONTEXT|CERT_PATH|TLS|TLS_VERIFY|API_VERSION|AUTH_CONFIG|CUSTOM_HEADERS"
    r"|CLI_\w*|CONTENT_TRUST\w*|DEFAULT_PLATFORM|STACK_ORCHESTRATOR|ORCHESTRATOR|BUILDKIT|TMPDIR)"
)
NAMESPACE = "com.docker.stack.namespace"


class EngineError(Fatal):
    """The daemon refused a request; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def request(
    method: str, path: str, query: Mapping[str, Any] | None = None, body: object = None
) -> Any:
    """Send a request to the daemon and return the JSON content of the response.

    Args:
        method: the HTTP method.
        path: the path, such as /services.
        query: the query; mappings and lists, such as filters, are sent as JSON.
        body: the body; it is sent as JSON.

    Raises:
        EngineError: the daemon refused the request.
        Fatal: the daemon cannot be reached.
    """
    parameters = {k: v if isinstance(v, str) else json.dumps(v) for k, v in (query or {}).items()}
    url = path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
    status, content = _exchange(method, url, b"" if body is None else json.dumps(body).encode())
    debug(f"{method} {path}: {status}")
    if status >= 400:
        raise EngineError(_message(content), status)
    return json.loads(content) if content else None


def of_stack(kind: str, stack: str) -> list[dict[str, Any]]:
    """Return the services, tasks, networks or containers (`kind`) with the label of a stack."""
    filters = {"label": [f"{NAMESPACE}={stack}"]}
    query: dict[str, Any] = {"filters": filters}
    if kind == "containers":
        kind, query = "containers/json", {**query, "all": "1"}
    found = request("GET", f"/{kind}", query)
    return list(found or [])


def child_environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a docker command, without the caller's other variables.

    Args:
        settings: the values for variables in compose files.

    Raises:
        Fatal: a setting has the name of a variable with a meaning on this machine.
    """
    for name in settings or ():
        if _MACHINE_VARIABLES.fullmatch(name):
            raise Fatal(f"{name} cannot be a setting of an app: it would affect this machine")
    kept = {k: v for k, v in os.environ.items() if k.startswith("DOCKER_")}
    kept |= {k: os.environ[k] for k in ("PATH", "HOME", "TERM") if k in os.environ}
    return {**(settings or {}), **kept}


def run_docker(
    arguments: Sequence[str], settings: Mapping[str, str] | None = None, at: str | None = None
) -> str:
    """Run a docker command and return its stdout.

    Raises:
        Fatal: it failed; the message is its stderr.
    """
    debug(f"docker {' '.join(arguments)}")
    done = subprocess.run(
        ["docker", *arguments],
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
        errors = [line for line in done.stderr.splitlines() if line and not _HINT.match(line)]
        raise Fatal("; ".join(errors) or f"docker {arguments[0]} ended with {done.returncode}")
    return done.stdout


def _exchange(method: str, url: str, body: bytes) -> tuple[int, bytes]:
    """Send a request and return the status and the content of the response.

    With HTTP/1.0, the response ends when the connection is closed. The HTTP client of the standard
    library is not used, as loading it takes longer than the request.
    """
    head = f"{method} {url} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    response = bytearray()
    try:
        with _connect() as connection:
            connection.sendall(request)
            while part := connection.recv(65536):
                response += part
    except OSError as error:
        raise Fatal(f"cannot connect to the Docker daemon: {error}. Is it running?") from None
    headers, _, content = bytes(response).partition(b"\r\n\r\n")
    status_line = headers.split(b" ", 2)
    if len(status_line) < 2 or not status_line[1].isdigit():
        raise Fatal("cannot connect to the Docker daemon: no valid response. Is it running?")
    return int(status_line[1]), content


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
    raise Fatal(f"DOCKER_HOST={host}: the lab's abra supports unix:// and tcp:// only")


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"]).removeprefix("rpc error: ")
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
