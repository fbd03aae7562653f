"""`lab doctor`: whether an installation, the lab's or a real one, has all that a run needs."""

import os
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from lab import answers, docker_engine, ports, stacks, swarm, which_abra
from lab.errors import LabError
from lab.settings import Settings

BACKUP_LABEL = "coop-cloud.backupbot.enabled"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ENOUGH_BYTES = 5 * 1024**3
REAL_ABRA = "to use another, put the real abra on PATH or name it in ABRA"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` is for when it is not good."""

    what: str
    good: bool
    seen: str
    remedy: str = ""

    def line(self) -> str:
        mark = "ok     " if self.good else "MISSING"
        remedy = f"; {self.remedy}" if self.remedy and not self.good else ""
        return f"{mark} {self.what:<14} {self.seen}{remedy}"


@dataclass(frozen=True)
class Server:
    """What server.toml says, as far as the doctor needs it."""

    path: Path | None
    domain: str
    https_port: int
    bundle: Path | None
    address: str
    abra: str | None


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at every part in turn; nothing is changed."""
    try:
        server = read_server(settings)
    except (LabError, OSError) as error:
        yield Finding("server.toml", False, str(error), "`make lab-up` writes one for the lab")
        server = Server(None, settings.domain, settings.https_port, None, "127.0.0.1", None)
    else:
        yield Finding("server.toml", True, f"{server.path}, domain {server.domain}")
    yield _abra(server)
    yield _browser()
    client = docker_engine.connect()
    if client is None:
        yield Finding("docker", False, "no daemon answers", "`make lab-up` starts one")
    else:
        yield Finding("docker", True, f"version {client.version()['Version']}")
        yield from _in_docker(client)
    yield _answers(server)
    yield from _ports(settings, client is not None)
    yield _disk(client)


def read_server(settings: Settings) -> Server:
    """Read the server file that a run would read.

    Raises:
        LabError: there is none, or it is not usable.
    """
    named = os.environ.get("CCCI_SERVER_FILE")
    usual = (Path("/etc/ccci/server.toml"), settings.server_file)
    candidates = (Path(named),) if named else usual
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
        raise LabError(f"{path} is not usable: {error!r}") from error


def _abra(server: Server) -> Finding:
    environment = dict(os.environ)
    if server.abra:
        environment.setdefault("ABRA", server.abra)
    try:
        abra = which_abra.choose(environment)
        whose = "the lab's own" if abra.is_labs_own else "a real one"
        seen = f"{abra.path}, {abra.version()}: {whose}"
    except LabError as error:
        return Finding("abra", False, str(error), REAL_ABRA)
    return Finding("abra", True, f"{seen}; {REAL_ABRA}" if abra.is_labs_own else seen)


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    remedy = "`make setup` installs Debian's chromium-headless-shell"
    return Finding("browser", found is not None, found or f"none of {', '.join(BROWSERS)}", remedy)


def _in_docker(client: docker.DockerClient) -> Iterator[Finding]:
    state = client.info()["Swarm"]
    if not state.get("ControlAvailable"):
        seen = f"{state['LocalNodeState']}, and no manager here"
        yield Finding("swarm", False, seen, "`docker swarm init`, or `make lab-up`")
        return
    yield Finding("swarm", True, "active, this node is a manager")
    network = swarm.find_network(client, swarm.NETWORK)
    overlay = network is not None and network.attrs["Driver"] == "overlay"
    make = f"`docker network create -d overlay {swarm.NETWORK}`"
    yield Finding("network", overlay, f"overlay network {swarm.NETWORK}", make)
    yield _backup_bot(client)


def _backup_bot(client: docker.DockerClient) -> Finding:
    remedy = "deploy the recipe backup-bot-two with abra (`make lab-up` does it for the lab)"
    bots = client.services.list(filters={"label": f"{BACKUP_LABEL}=true"})
    if not bots:
        return Finding("backup bot", False, f"no service has the label {BACKUP_LABEL}=true", remedy)
    stack = str(bots[0].attrs["Spec"]["Labels"].get(stacks.NAMESPACE, ""))
    why_not = stacks.not_ready(client, stack) if stack else ""
    return Finding("backup bot", not why_not, why_not or f"service {bots[0].name} is up", remedy)


def _answers(server: Server) -> Finding:
    """Any name will do: a proxy without a router for it answers 404, its certificate verified."""
    name = f"doctor.{server.domain}"
    url = f"https://{name}:{server.https_port}"
    try:
        answer = answers.get(
            name, "/", address=server.address, port=server.https_port, bundle=server.bundle
        )
    except OSError as error:
        remedy = "is traefik deployed, does its certificate cover the domain, is ca_bundle right?"
        return Finding("traefik", False, f"{url} does not answer ({error})", remedy)
    return Finding("traefik", True, f"{url} answers {answer.status}, certificate trusted")


def _ports(settings: Settings, docker_runs: bool) -> Iterator[Finding]:
    settings_of: tuple[tuple[int, str], ...] = (
        (settings.http_port, "LAB_HTTP_PORT"),
        (settings.https_port, "LAB_HTTPS_PORT"),
    )
    for port, setting in settings_of:
        if ports.is_free(port):
            yield Finding(f"port {port}", not docker_runs, "nobody listens", "deploy traefik")
            continue
        holder = ports.holder(port) or "a program that cannot be named"
        good = holder.startswith(("docker", "traefik")) or not ports.holder(port)
        yield Finding(f"port {port}", good, f"held by {holder}", f"stop it or set {setting}")


def _disk(client: docker.DockerClient | None) -> Finding:
    folder = Path(str(client.info()["DockerRootDir"])) if client else Path("/")
    free = shutil.disk_usage(folder if folder.exists() else "/").free
    seen = f"{free / 1024**3:.0f} GiB free for {folder}"
    return Finding("disk", free >= ENOUGH_BYTES, seen, "5 GiB are needed: `docker system df`")
