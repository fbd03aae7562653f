"""Traefik's HTTP routers, as labels define them."""

import re
from collections.abc import Mapping

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
