"""Traefik's routers, as labels define them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ccci.recipe.compose import fill_in, labels_of

_MATCHER = re.compile(r"(\w+)\((?:`[^`]*`|\"[^\"]*\"|[^()`\"])*\)")
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
_RULE = re.compile(r"traefik\.(http|tcp)\.routers\.[^.]+\.rule", re.IGNORECASE)
# By which matcher a router's rule names hosts. One of the other protocol cannot be read there.
_BY = {"http": "Host", "tcp": "HostSNI"}
_OPTION = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)", re.IGNORECASE)


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
