"""The compose overlay that makes a recipe's services reachable on this node.

On a kernel without IPVS a service's virtual IP carries no traffic and the routing mesh publishes
no port: services need `endpoint_mode: dnsrr` and ports in host mode. Where names are not in DNS,
containers need `extra_hosts`. Where the server has a certificate authority of its own, containers
that call public names must trust it: the operator's bundle replaces their system's. An ordinary
server needs none of that, and there is no overlay.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ccci.errors import Misuse
from ccci.node.server import Server
from ccci.recipe.compose import read_compose, services_in

OVERLAY_FILE = "compose.ccci.yml"
# The bundle of Debian and Alpine images, which OpenSSL, curl, git and Go read.
TRUST_FILE = "/etc/ssl/certs/ca-certificates.crt"
# For programs that read another file or bring their own authorities.
TRUST_VARIABLES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
_TRUST_CONFIG = "ccci_ca"


def overlay_for(compose_files: list[Path], server: Server, hosts: list[str]) -> str:
    """Return the overlay for a recipe's compose files as YAML, or "" where none is needed.

    Args:
        compose_files: the files of COMPOSE_FILE, in order.
        server: says what the node needs.
        hosts: public names that containers must be able to reach.

    Raises:
        Misuse: a compose file is missing or is no compose file, or the server's bundle is missing.
    """
    bundle = server.containers.ca_bundle
    services: dict[str, dict[str, Any]] = {}
    for service, parts in services_in(compose_files).items():
        changes: dict[str, Any] = {}
        if server.swarm.endpoint_mode == "dnsrr":
            changes["deploy"] = {"endpoint_mode": "dnsrr"}
        ports = [_long_form(port) for part in parts for port in part.get("ports") or []]
        if ports and server.swarm.publish_mode == "host":
            changes["ports"] = [{**port, "mode": "host"} for port in ports]
        if server.containers.names_address and hosts:
            changes["extra_hosts"] = [f"{h}:{server.containers.names_address}" for h in hosts]
        if bundle:
            changes["configs"] = [{"source": _TRUST_CONFIG, "target": TRUST_FILE}]
            changes["environment"] = dict.fromkeys(TRUST_VARIABLES, TRUST_FILE)
        if changes:
            services[service] = changes
    if not services:
        return ""
    version = read_compose(compose_files[0]).get("version", "3.8")
    content: dict[str, Any] = {"version": str(version), "services": services}
    if bundle:
        content["configs"] = {_TRUST_CONFIG: _trust_config(bundle)}
    return yaml.safe_dump(content, sort_keys=False)


def _trust_config(bundle: Path) -> dict[str, str]:
    try:
        content = bundle.read_bytes()
    except OSError as error:
        raise Misuse(
            f"{bundle}, the 'ca_bundle' of [containers] in the server file, cannot be read: "
            f"{error.strerror}."
        ) from None
    # A config never changes: another content needs another name.
    version = hashlib.sha256(content).hexdigest()[:8]
    return {"name": f"${{STACK_NAME}}_{_TRUST_CONFIG}_{version}", "file": str(bundle)}


def _long_form(port: Any) -> dict[str, Any]:
    if isinstance(port, Mapping):
        return dict(port)
    found = re.fullmatch(r"(?:[\d.]+:)?(\d+):(\d+)(?:/(tcp|udp))?", str(port))
    if not found:
        raise Misuse(
            f"Port {port!r} cannot be published in host mode on this node: write it as "
            "'PUBLISHED:TARGET' with single numbers."
        )
    published, target, protocol = found.groups()
    return {"target": int(target), "published": int(published), "protocol": protocol or "tcp"}
