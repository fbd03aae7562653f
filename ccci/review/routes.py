"""Labels for Traefik: names that two apps would share, and routers without a certificate."""

import re
from collections.abc import Iterator, Mapping

from ccci.recipe.routers import hosts_in, routers_in

_NAMED = re.compile(r"traefik\.(http|tcp|udp)\.(routers|services|middlewares)\.([^.]+)\.", re.I)
# What the entry point for plain HTTP is called; a router on it only leads to HTTPS.
_PLAIN = frozenset({"web", "http"})


def without_certificate(labels: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a sentence for each router for HTTPS that gets no certificate, where another one does.

    A run has a certificate for all of its names, so that no request would show it. Traefik chooses
    a certificate by the host: a router with TLS whose hosts another one has certificates for needs
    none of its own.

    Args:
        labels: service to its labels, as deployed.

    Example:
        >>> names = ("a.rule", "b.tls.certresolver")
        >>> labels = {f"traefik.http.routers.{name}": "x" for name in names}
        >>> [sentence.split("'")[1] for sentence in without_certificate({"app": labels})]
        ['a']
    """
    routers: dict[str, dict[str, str]] = {}
    # One router may be defined by the labels of several services.
    for table in labels.values():
        for name, options in routers_in(table).items():
            routers.setdefault(name, {}).update(options)
    certified = [options for options in routers.values() if "tls.certresolver" in options]
    if not certified:
        return
    covered = {host for options in certified for host in hosts_in(options.get("rule", ""))}
    for name, options in sorted(routers.items()):
        points = {point.strip() for point in options.get("entrypoints", "").split(",")}
        hosts = hosts_in(options.get("rule", ""))
        has_one = "tls.certresolver" in options or ("tls" in options and hosts and hosts <= covered)
        if "rule" in options and not has_one and not points <= _PLAIN:
            yield (
                f"router '{name}' has a rule and no tls.certresolver, which other routers of the "
                "recipe have: its hosts get no certificate that browsers trust"
            )


def shared_names(labels: Mapping[str, Mapping[str, str]], stack: str) -> Iterator[str]:
    """Yield a sentence for each router, service or middleware that is not named for the app.

    Args:
        labels: service to its labels, as deployed.
        stack: the app's stack.

    Example:
        >>> labels = {"traefik.http.routers.blog.rule": "x"}
        >>> [word.split("'")[4] for word in shared_names({"app": labels}, "blog_example")]
        ['blog']
    """
    seen = set()
    for service, table in labels.items():
        for label in table:
            found = _NAMED.match(label)
            if found and stack.lower() not in found.group(3).lower():
                protocol, kind, name = found.groups()
                seen.add(
                    f"service '{service}' calls one of Traefik's {protocol} {kind} '{name}', as "
                    "every other app of this recipe does"
                )
    yield from sorted(seen)
