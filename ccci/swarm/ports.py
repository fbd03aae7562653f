"""Where a port of an app is reached from this node, if no page leads to the app.

A port that the recipe publishes is reached by the app's public name; so is one to which a TCP
router of Traefik leads whoever asks for that name at `web-secure`. Any other is reached at the
address that the container has on the bridge of this node (`docker_gwbridge`): every service of a
Swarm has one, except on networks that are internal. So apps that all listen on one port can run
side by side.
"""

from typing import Any
from urllib.parse import urlsplit

from docker.errors import DockerException
from requests.exceptions import RequestException

from ccci.apps import App
from ccci.errors import NodeFailure, RecipeFailure
from ccci.recipe.routers import hosts_in, ways_in
from ccci.swarm.view import NAMESPACE, SwarmView

_BRIDGE = "docker_gwbridge"
_ENTRYPOINT, _HTTPS = "web-secure", 443
_ANY_HOST = "*"


def address_of_port(
    swarm: SwarmView, app: App, port: int, protocol: str = "tcp", by_traefik: bool = True
) -> tuple[str, int]:
    """Return the host and the port at which clients on this node reach a port of an app.

    Args:
        swarm: where it is deployed.
        app: the app.
        port: the port as its containers see it.
        protocol: ``tcp`` or ``udp``.
        by_traefik: through Traefik, if a router of it leads there. A server that wants a client's
            packets by UDP to come from where its connection comes from must be asked without.

    Raises:
        RecipeFailure: nothing leads to the port, and no image of the app exposes it; or Traefik
            leads other hosts there.
        NodeFailure: Docker does not answer, or the container is not on this node.

    Example:
        >>> address_of_port(SwarmView(), driver.app, 64738, "udp")
        ('172.18.0.7', 64738)
    """
    api: Any = swarm.client.api
    try:
        services = api.services(filters={"label": f"{NAMESPACE}={app.stack}"})
        published = _published(services, port, protocol)
        if published:
            return app.domain, published
        if by_traefik and protocol == "tcp" and _is_routed(services, app.domain, port):
            return app.domain, urlsplit(app.url).port or _HTTPS
        return _on_bridge(swarm, app.stack, port, protocol), port
    except (DockerException, RequestException) as error:
        raise NodeFailure(f"Docker does not answer: {error}") from None


def _published(services: list[dict[str, Any]], port: int, protocol: str) -> int | None:
    """Return the port of the node that leads to a port of the app; None for none."""
    for service in services:
        for one in service.get("Spec", {}).get("EndpointSpec", {}).get("Ports") or []:
            leads = one.get("TargetPort") == port and one.get("Protocol") == protocol
            if leads and one.get("PublishedPort"):
                return int(one["PublishedPort"])
    return None


def _is_routed(services: list[dict[str, Any]], domain: str, port: int) -> bool:
    """Return whether Traefik leads whoever asks for the app's name at `web-secure` to its port.

    Raises:
        RecipeFailure: it leads others there, and not those who ask for the app.
    """
    ways = [
        way
        for service in services
        for way in ways_in(service.get("Spec", {}).get("Labels") or {})
        if (way.protocol, way.entrypoint, way.port) == ("tcp", _ENTRYPOINT, str(port))
    ]
    hosts = {host for way in ways for host in hosts_in(way.rule, "tcp")}
    if ways and not hosts & {domain, _ANY_HOST}:
        rules = " and ".join(sorted(way.rule or "no rule" for way in ways))
        raise RecipeFailure(
            f"Expected Traefik to lead clients that ask for {domain} to port {port}, by a rule "
            f"HostSNI(`{domain}`). The routers for TCP at '{_ENTRYPOINT}' have {rules}."
        )
    return domain in hosts


def _on_bridge(swarm: SwarmView, stack: str, port: int, protocol: str) -> str:
    exposed = f"{port}/{protocol}"
    running = swarm.client.containers.list(
        filters={"label": f"{NAMESPACE}={stack}"}, ignore_removed=True
    )
    holders = [one for one in running if exposed in (one.attrs["Config"].get("ExposedPorts") or {})]
    if not holders:
        raise RecipeFailure(
            f"No running service of the app publishes port {exposed}, and no image of theirs "
            "exposes it."
        )
    there = swarm.client.networks.get(_BRIDGE).attrs["Containers"]
    found = [there[one.id]["IPv4Address"] for one in holders if one.id in there]
    if not found:
        raise NodeFailure(
            f"Port {exposed} of the app is not published, and its container has no address on "
            f"{_BRIDGE}: its networks are all internal."
        )
    return str(found[0]).partition("/")[0]
