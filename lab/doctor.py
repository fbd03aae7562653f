"""`lab doctor`: checks that an installation, the lab or a real one, has everything a run needs."""

import os
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from lab import docker_engine, https, ports, stacks, swarm, which_abra
from lab.errors import LabError
from lab.settings import Settings

BACKUP_LABEL = "coop-cloud.backupbot.enabled"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ENOUGH_BYTES = 5 * 1024**3
REAL_ABRA = "to use another one, put the real abra on PATH or set ABRA to its path"


@dataclass(frozen=True)
class Finding:
    """The result of one check; `remedy` is shown if it is not ok."""

    check: str
    ok: bool
    result: str
    remedy: str = ""

    def line(self) -> str:
        mark = "ok     " if self.ok else "MISSING"
        remedy = f"; {self.remedy}" if self.remedy and not self.ok else ""
        return f"{mark} {self.check:<14} {self.result}{remedy}"


@dataclass(frozen=True)
class Server:
    """The values of server.toml that the doctor needs."""

    path: Path | None
    domain: str
    https_port: int
    bundle: Path | None
    address: str
    abra: str | None


def examine(settings: Settings) -> Iterator[Finding]:
    """Check every part in turn; nothing is changed."""
    try:
        server = read_server(settings)
    except (LabError, OSError) as error:
        yield Finding("server.toml", False, str(error), "for the lab, `make lab-up` writes it")
        server = Server(None, settings.domain, settings.https_port, None, "127.0.0.1", None)
    else:
        yield Finding("server.toml", True, f"{server.path}, domain {server.domain}")
    yield _abra(server)
    yield _browser()
    client = docker_engine.connect()
    if client is None:
        yield Finding("docker", False, "no daemon responds", "`make lab-up` starts one")
    else:
        yield Finding("docker", True, f"version {client.version()['Version']}")
        yield from _in_docker(client)
    yield _traefik(server)
    yield from _ports(settings, client is not None)
    yield _disk(client)


def read_server(settings: Settings) -> Server:
    """Read the server file that a run would read.

    Raises:
        LabError: there is none, or it is not valid.
    """
    named = os.environ.get("CCCI_SERVER_FILE")
    default = (Path("/etc/ccci/server.toml"), settings.server_file)
    candidates = (Path(named),) if named else default
    path = next((one for one in candidates if one.is_file()), None)
    if path is None:
        raise LabError(f"no server file ({' or '.join(str(one) for one in candidates)})")
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text())
        names: dict[str, str] = content.get("names", {})
        bundle = content.get("ca_bundle")
        return Server(
            path=path,
            domain=content["domain"],
            https_port=int(content.get("https_port", 443)),
            bundle=Path(bundle) if bundle else None,
            address=names.get(f"*.{content['domain']}", f"doctor.{content['domain']}"),
            abra=content.get("abra"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise LabError(f"{path} is not valid: {error!r}") from error


def _abra(server: Server) -> Finding:
    environment = dict(os.environ)
    if server.abra:
        environment.setdefault("ABRA", server.abra)
    try:
        abra = which_abra.choose(environment)
        kind = "the lab's own" if abra.is_lab_abra else "a real one"
        result = f"{abra.path}, {abra.version()}: {kind}"
    except LabError as error:
        return Finding("abra", False, str(error), REAL_ABRA)
    return Finding("abra", True, f"{result}; {REAL_ABRA}" if abra.is_lab_abra else result)


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    remedy = "`make setup` installs Debian's chromium-headless-shell"
    return Finding("browser", found is not None, found or f"none of {', '.join(BROWSERS)}", remedy)


def _in_docker(client: docker.DockerClient) -> Iterator[Finding]:
    state = client.info()["Swarm"]
    if not state.get("ControlAvailable"):
        result = f"{state['LocalNodeState']}, and this node is not a manager"
        yield Finding("swarm", False, result, "`docker swarm init`, or `make lab-up`")
        return
    yield Finding("swarm", True, "active, this node is a manager")
    network = swarm.find_network(client, swarm.NETWORK)
    overlay = network is not None and network.attrs["Driver"] == "overlay"
    remedy = f"`docker network create -d overlay {swarm.NETWORK}`"
    yield Finding("network", overlay, f"overlay network {swarm.NETWORK}", remedy)
    yield _backup_bot(client)


def _backup_bot(client: docker.DockerClient) -> Finding:
    remedy = "deploy the recipe backup-bot-two with abra (for the lab, `make lab-up` does it)"
    bots = client.services.list(filters={"label": f"{BACKUP_LABEL}=true"})
    if not bots:
        return Finding("backup bot", False, f"no service has the label {BACKUP_LABEL}=true", remedy)
    stack = str(bots[0].attrs["Spec"]["Labels"].get(stacks.NAMESPACE, ""))
    why_not = stacks.not_ready(client, stack) if stack else ""
    return Finding("backup bot", not why_not, why_not or f"service {bots[0].name} is up", remedy)


def _traefik(server: Server) -> Finding:
    """Request any name: Traefik responds with 404 if it has no router, but with a certificate."""
    name = f"doctor.{server.domain}"
    url = f"https://{name}:{server.https_port}"
    try:
        response = https.get(
            name, "/", address=server.address, port=server.https_port, bundle=server.bundle
        )
    except OSError as error:
        remedy = (
            "check that traefik is deployed, that its certificate covers the domain, and that "
            "ca_bundle in server.toml is right"
        )
        return Finding("traefik", False, f"{url} does not respond ({error})", remedy)
    result = f"{url} responds with status {response.status}, certificate trusted"
    return Finding("traefik", True, result)


def _ports(settings: Settings, docker_runs: bool) -> Iterator[Finding]:
    settings_of: tuple[tuple[int, str], ...] = (
        (settings.http_port, "LAB_HTTP_PORT"),
        (settings.https_port, "LAB_HTTPS_PORT"),
    )
    for port, setting in settings_of:
        if ports.is_free(port):
            yield Finding(f"port {port}", not docker_runs, "nothing listens", "deploy traefik")
            continue
        holder = ports.holder(port) or "an unknown program"
        ok = holder.startswith(("docker", "traefik")) or not ports.holder(port)
        yield Finding(f"port {port}", ok, f"used by {holder}", f"stop it or set {setting}")


def _disk(client: docker.DockerClient | None) -> Finding:
    folder = Path(str(client.info()["DockerRootDir"])) if client else Path("/")
    free = shutil.disk_usage(folder if folder.exists() else "/").free
    result = f"{free / 1024**3:.0f} GiB free for {folder}"
    remedy = "5 GiB are needed: `docker system df` shows what uses the disk"
    return Finding("disk", free >= ENOUGH_BYTES, result, remedy)
