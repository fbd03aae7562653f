"""Traefik's routers, as labels define them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccci.recipe.compose import fill_in, labels_of

_MATCHER = re.compile(r"(\w+)\((?:`[^`]*`|\"[^\"]*\"|[^()`\"])*\)")
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
_RULE = re.compile(r"traefik\.(http|tcp)\.routers\.[^.]+\.rule", re.IGNORECASE)
# By which matcher a router's rule names hosts. One of the other protocol cannot be read there.
_BY = {"http": "Host", "tcp": "HostSNI"}
_OPTION = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)", re.IGNORECASE)
_RAW_OPTION = re.compile(r"traefik\.(tcp|udp)\.routers\.([^.]+)\.(.+)")
_RAW_PORT = re.compile(r"traefik\.(tcp|udp)\.services\.([^.]+)\.loadbalancer\.server\.port")


@dataclass(frozen=True)
class WayIn:
    """Whom Traefik lets in that opens no page, and where to.

    Attributes:
        protocol: `tcp` or `udp`.
        rule: the router's; "" where it has none, as for UDP.
        entrypoint: one of the router's; "" where it names none.
        port: of the container; "" where no service can be told.
    """

    protocol: str
    rule: str
    entrypoint: str
    port: str

    def __str__(self) -> str:
        rule = f" for {self.rule}" if self.rule else ""
        return f"{self.protocol} at {self.entrypoint or 'any entrypoint'}{rule} to port {self.port}"


def routers_in(labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return router to its options; their names in lower case, as Traefik takes them in any.

    Example:
        >>> routers_in({"traefik.http.routers.blog.Rule": "Host(`blog.test`)"})
        {'blog': {'rule': 'Host(`blog.test`)'}}
    """
    routers: dict[str, dict[str, str]] = {}
    for label, value in labels.items():
        if found := _OPTION.fullmatch(label):
            routers.setdefault(found[1], {})[found[2].lower()] = value
    return routers


def ways_in(labels: Mapping[str, str]) -> frozenset[WayIn]:
    """Return what routers for TCP and UDP in the labels of a service let in, an entrypoint each.

    Example:
        >>> labels = {"traefik.udp.routers.call.entrypoints": "voice",
        ...           "traefik.udp.services.call.loadbalancer.server.port": "64738"}
        >>> print(*ways_in(labels))
        udp at voice to port 64738
    """
    routers: dict[tuple[str, str], dict[str, str]] = {}
    ports: dict[str, dict[str, str]] = {"tcp": {}, "udp": {}}
    for label, value in labels.items():
        if found := _RAW_OPTION.fullmatch(label.lower()):
            routers.setdefault((found[1], found[2]), {})[found[3]] = value.strip()
        elif found := _RAW_PORT.fullmatch(label.lower()):
            ports[found[1]][found[2]] = value.strip()
    return frozenset(
        WayIn(protocol, options.get("rule", ""), entrypoint.strip(), port)
        for (protocol, _), options in routers.items()
        for entrypoint in options.get("entrypoints", "").split(",")
        for port in [_port_for(options.get("service", ""), ports[protocol])]
    )


def _port_for(service: str, ports: Mapping[str, str]) -> str:
    """Return the port of a router's service; one that names none takes the only one there is."""
    if service:
        return ports.get(service.lower(), "")
    return next(iter(ports.values())) if len(ports) == 1 else ""


def hosts_in(rule: str, protocol: str = "http") -> set[str]:
    """Return the hosts that a router's rule names; none if Traefik could not read the rule.

    `protocol` is that of the router: `http` or `tcp`.

    Source: doc.traefik.io/traefik/reference/routing-configuration; version 2 takes several hosts in
    one `Host`, version 3 one.

    Example:
        >>> sorted(hosts_in("Host(`a.org`, `b.org`) && Path(`/c`)"))
        ['a.org', 'b.org']
        >>> hosts_in("Host(`a.org`), `b.org`")
        set()
    """
    # A text that belongs to no matcher makes a rule that cannot be read.
    if _QUOTED.search(_MATCHER.sub("", rule)):
        return set()
    found = (matcher[0] for matcher in _MATCHER.finditer(rule) if matcher[1] == _BY[protocol])
    return {host for each in found for host in _QUOTED.findall(each)}


def routed_hosts(
    contents: Iterable[Mapping[str, Any]],
    settings: Mapping[str, str],
    protocols: Collection[str] = tuple(_BY),
) -> Iterator[str]:
    """Yield the hosts of all routers for these protocols, by compose files and an app's settings.

    Example:
        >>> label = "traefik.tcp.routers.chat.rule=HostSNI(`${DOMAIN}`)"
        >>> content = {"services": {"app": {"deploy": {"labels": [label]}}}}
        >>> list(routed_hosts([content], {"DOMAIN": "chat.test"}))
        ['chat.test']
    """
    for labels in labels_of(contents).values():
        for label, rule in labels.items():
            found = _RULE.fullmatch(label)
            if found and (protocol := found[1].lower()) in protocols:
                yield from sorted(hosts_in(fill_in(rule, settings), protocol))
