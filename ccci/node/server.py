"""The server to test on: what an operator writes into server.toml, and where that file is."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ccci.errors import Misuse
from ccci.node.settings_file import read_settings_file
from ccci.node.state import state_dir

DOMAIN_PATTERN = r"^(?=.{1,60}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$"
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$", min_length=3, max_length=60)]


NetworkName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Containers(_Table):
    """`[containers]`: how containers reach the apps' public names.

    Attributes:
        names_address: the address of these names in containers; without it, DNS has it.
        ca_bundle: the certificate authorities that containers trust instead of their own, where
            the server's certificates are not from a public one.
    """

    names_address: str | None = None
    ca_bundle: Path | None = None


class Swarm(_Table):
    """`[swarm]`: how services are published, which depends on the node's kernel, and where.

    Attributes:
        endpoint_mode: how the Swarm resolves a service's name.
        publish_mode: where ports are published.
        networks: networks that Traefik is on beside `proxy`; each run takes one for itself. Without
            any, the apps of all runs are on `proxy`.
    """

    endpoint_mode: Literal["vip", "dnsrr"] = "vip"
    publish_mode: Literal["ingress", "host"] = "ingress"
    networks: list[NetworkName] = []


class Server(_Table):
    """One Co-op Cloud server, as its operator describes it.

    Attributes:
        server: abra's name of the server.
        domain: apps get names under it; `*.domain` resolves to this server.
        abra: the abra to use; without it, the one on PATH.
        abra_dir: the operator's ABRA_DIR, from which recipes and catalogue are taken.
        ca_bundle: the certificate authorities that test clients trust; without it, the system's.
        https_port: the port on which Traefik's `web-secure` is published.
        sentinel: the domain of an app that no run may touch.
        names: domain pattern to address, for test clients, where there is no DNS yet.
        containers: names and authorities for containers.
        swarm: how services are published.
    """

    server: str = "default"
    domain: Domain
    abra: Path | None = None
    abra_dir: Path = Path("~/.abra")
    ca_bundle: Path | None = None
    https_port: int = Field(default=443, ge=1, le=65535)
    sentinel: str | None = None
    names: dict[str, str] = {}
    containers: Containers = Containers()
    swarm: Swarm = Swarm()

    def url_of(self, domain: str) -> str:
        """Return the address of an app's front page, without a slash at its end."""
        port = "" if self.https_port == 443 else f":{self.https_port}"
        return f"https://{domain}{port}"


def check_domain(domain: str) -> str:
    """Return `domain`.

    Raises:
        Misuse: it cannot be the domain of a server.
    """
    if not re.fullmatch(DOMAIN_PATTERN, domain):
        raise Misuse(
            f"{domain!r} cannot be a server's domain: lower-case labels of letters, digits and "
            "hyphens, joined by dots, at most 60 characters, as in 'ci.example.org'."
        )
    return domain


def load_server() -> Server:
    """Read the server file: $CCCI_SERVER_FILE, /etc/ccci/server.toml, or the lab's.

    Raises:
        Misuse: there is none, or it has an error; the sentence names the file and the key.
    """
    named = os.environ.get("CCCI_SERVER_FILE")
    places = [
        Path(named) if named else None,
        Path("/etc/ccci/server.toml"),
        state_dir() / "lab" / "server.toml",
    ]
    for place in places:
        if place is not None and (place.exists() or named):
            return read_server(place)
    raise Misuse(
        "No server to test on: start the lab with 'make lab-up', or describe a Co-op Cloud "
        "server in /etc/ccci/server.toml (see docs/operate.md)."
    )


def read_server(path: Path) -> Server:
    """Read one server file; see `load_server`."""
    server = read_settings_file(path, Server, "server")
    check_domain(server.domain)
    return server
