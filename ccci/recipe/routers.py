"""Traefik's HTTP routers, as labels define them."""

import re
from collections.abc import Mapping

_MATCHER = re.compile(r"(\w+)\((?:`[^`]*`|\"[^\"]*\"|[^()`\"])*\)")
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
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


def hosts_in(rule: str) -> set[str]:
    """Return the hosts that a router's rule names; none if Traefik could not read the rule.

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
    found = (matcher[0] for matcher in _MATCHER.finditer(rule) if matcher[1] == "Host")
    return {host for each in found for host in _QUOTED.findall(each)}
