"""The compose overlay that limits a recipe's services and makes them reachable on this node.

Every service gets limits, whatever the server; see `ccci.recipe.limits`. The Swarm has none for
processes in compose files before version 3.9, and none for the disk at all. So these two are labels
of the containers, by which the run keeps watch; see `ccci.swarm.limit_watch`.

On a kernel without IPVS a service's virtual IP carries no traffic and the routing mesh publishes
no port: services need `endpoint_mode: dnsrr` and ports in host mode. Where names are not in DNS,
containers need `extra_hosts`. Where the server has a certificate authority of its own, containers
that call public names must trust it: the operator's bundle replaces their system's. An ordinary
server needs none of that.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ccci.errors import Misuse, RecipeFailure
from ccci.node.server import Server
from ccci.recipe import own_network
from ccci.recipe.compose import fill_in, read_compose, services_in
from ccci.recipe.limits import Amounts, asked_of, dockers_bytes, reserved_memory

OVERLAY_FILE = "compose.ccci.yml"
PIDS_LABEL, DISK_LABEL = "ccci.limit.pids", "ccci.limit.disk"
# The second one shows that the log came to its limit, and keeps what was in it.
_LOG_FILES = 2
_LOG_OPTIONS: Mapping[str, Callable[[str], object]] = {
    "max-size": dockers_bytes,
    "max-file": re.compile(r"0*[1-9][0-9]*", re.ASCII).fullmatch,
}
# The bundle of Debian and Alpine images, which OpenSSL, curl, git and Go read.
TRUST_FILE = "/etc/ssl/certs/ca-certificates.crt"
# For programs that read another file or bring their own authorities.
TRUST_VARIABLES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
_TRUST_CONFIG = "ccci_ca"


def overlay_for(
    compose_files: list[Path],
    server: Server,
    hosts: list[str],
    limits: Mapping[str, Amounts],
    settings: Mapping[str, str],
    network: str = "",
) -> str:
    """Return the overlay for a recipe's compose files as YAML.

    Args:
        compose_files: the files of COMPOSE_FILE, in order.
        server: says what the node needs.
        hosts: public names that containers must be able to reach.
        limits: of each service.
        settings: the values of variables in the compose files.
        network: takes the place of `proxy`; "" for none.

    Raises:
        Misuse: a compose file is missing or is no compose file, or the server's bundle is missing.
        RecipeFailure: what the overlay replaces would not work without it.
    """
    bundle = server.containers.ca_bundle
    services: dict[str, dict[str, Any]] = {}
    for service, parts in services_in(compose_files).items():
        _require_readable_log_options(service, parts, settings)
        changes = _limited(service, limits[service], parts, settings)
        if server.swarm.endpoint_mode == "dnsrr":
            changes["deploy"]["endpoint_mode"] = "dnsrr"
        ports = [_long_form(port) for part in parts for port in part.get("ports") or []]
        if ports and server.swarm.publish_mode == "host":
            changes["ports"] = [{**port, "mode": "host"} for port in ports]
        if server.containers.names_address and hosts:
            changes["extra_hosts"] = [f"{h}:{server.containers.names_address}" for h in hosts]
        if bundle:
            changes["configs"] = [{"source": _TRUST_CONFIG, "target": TRUST_FILE}]
            changes["environment"] = dict.fromkeys(TRUST_VARIABLES, TRUST_FILE)
        services[service] = changes
    # Docker refuses files of different versions, and takes a file without one for the newest.
    version = read_compose(compose_files[0]).get("version")
    content: dict[str, Any] = {"version": str(version)} if version else {}
    content["services"] = services
    if network:
        contents = [read_compose(path) for path in compose_files]
        own_network.replace_proxy(content, contents, settings, network)
    if bundle:
        content["configs"] = {_TRUST_CONFIG: _trust_config(bundle)}
    return yaml.safe_dump(content, sort_keys=False)


def _limited(
    service: str, limit: Amounts, parts: list[dict[str, Any]], settings: Mapping[str, str]
) -> dict[str, Any]:
    """Return the keys that limit a service; they win over those of the recipe."""
    resources: dict[str, Any] = {"limits": {"memory": str(limit.memory)}}
    reserved = _reserved(service, limit, parts, settings)
    if reserved:
        resources["reservations"] = reserved
    options = {"max-size": str(limit.log), "max-file": str(_LOG_FILES)}
    return {
        "deploy": {"resources": resources},
        "logging": {"driver": "json-file", "options": options},
        "labels": {PIDS_LABEL: str(limit.pids), DISK_LABEL: str(limit.disk)},
    }


def _reserved(
    service: str, limit: Amounts, parts: list[dict[str, Any]], settings: Mapping[str, str]
) -> dict[str, str]:
    """Return what a service may reserve: what it asks for, and no more than its limit.

    The Swarm starts no other app on a node whose memory or cores are all reserved.
    """
    reserved = {}
    for part in parts:
        memory = reserved_memory(service, part, settings)
        if memory is not None:
            reserved["memory"] = str(min(memory, limit.memory))
        cpus = asked_of(part, "reservations", "cpus", settings)
        if cpus is not None:
            known = re.fullmatch(r"\d{1,6}(\.\d{1,9})?", cpus, re.ASCII)
            most = limit.millicores / 1000
            reserved["cpus"] = f"{min(float(cpus), most) if known else most:.3f}"
    return reserved


def _require_readable_log_options(
    service: str, parts: list[dict[str, Any]], settings: Mapping[str, str]
) -> None:
    """Fail when Docker would refuse the log options of a service, which the overlay replaces."""
    for part in parts:
        logging = part.get("logging")
        options = logging.get("options") if isinstance(logging, Mapping) else None
        for name, is_readable in _LOG_OPTIONS.items():
            value = options.get(name) if isinstance(options, Mapping) else None
            text = fill_in(str(value), settings)
            if value is not None and not is_readable(text):
                raise RecipeFailure(
                    f"Service {service} has the log option {name}: {text[:40]!r}. Docker does not "
                    "read it, and starts no container: write it as in '10m' and '3'."
                )


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
