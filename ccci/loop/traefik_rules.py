"""The rules for Traefik's labels: what they may say without an approval.

Traefik belongs to all apps. A label may route the traffic of the app's own hosts to the app, and
change its own requests and answers. The names are those of
https://doc.traefik.io/traefik/reference/routing-configuration/other-providers/docker/.
"""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.routes import ANY, UnknownRule, names_taken
from ccci.loop.variables import DOMAIN, STACK

# The providers of Traefik that read the labels of apps; its other providers belong to the node.
_OWN_PROVIDERS = ("", "docker", "swarm")
# The entrypoints that every Traefik of Co-op Cloud has; the others were opened for certain recipes.
_ENTRYPOINTS = ("web", "web-secure")
_COSTLIEST_BCRYPT = 12

_ANY = ".*"
_SWITCH = "true|false|1|0"
_NUMBER = "[0-9]{1,6}"
_SECONDS = "[0-9]{1,5}(ms|s)?"
# What may stand after the name of a router, service, middleware or transport, and its values.
_ROUTER = {
    "rule|entrypoints|middlewares|service|tls.certresolver": _ANY,  # Checked one by one below.
    "priority": _NUMBER,
    "rulesyntax": "v2|v3|default",
    "tls": _SWITCH,
}
_SERVICE = {"loadbalancer.server.port": _NUMBER}
_HTTP_MIDDLEWARES = {
    "addprefix.prefix|replacepath.path|stripprefix.(prefixes|forceslash)|stripprefixregex.regex"
    "|(replacepathregex|redirectregex).(regex|replacement)|redirectscheme.(scheme|port)"
    "|(redirectregex|redirectscheme).permanent": _ANY,
    "headers(.[^.]+){1,2}|compress(.[a-z]+)?|contenttype(.autodetect)?": _ANY,
    "(ipallowlist|ipwhitelist).(sourcerange|rejectstatuscode|ipstrategy.[a-z0-9]+)": _ANY,
    "ratelimit.(average|burst)|inflightreq.amount": _NUMBER,
    "ratelimit.period": _SECONDS,
    "(ratelimit|inflightreq).sourcecriterion.[a-z.]+": _ANY,
    "(basicauth|digestauth).(realm|removeheader|headerfield)|digestauth.users": _ANY,
    "basicauth.users|chain.middlewares": _ANY,  # Checked below.
    "retry.attempts": "[0-9]",
    "retry.initialinterval": _SECONDS,
}
_ALLOWED = {
    ("http", "routers"): _ROUTER,
    ("tcp", "routers"): {**_ROUTER, "tls.passthrough": _SWITCH},
    ("udp", "routers"): {"entrypoints|service": _ANY},
    ("http", "services"): {
        **_SERVICE,
        "loadbalancer.server.scheme": "http|https|h2c",
        "loadbalancer.passhostheader|loadbalancer.sticky": _SWITCH,
        "loadbalancer.sticky.cookie(.(name|secure|httponly|samesite|maxage|path))?": _ANY,
        "loadbalancer.responseforwarding.flushinterval": "-1|" + _SECONDS,
        "loadbalancer.serverstransport": _ANY,  # Checked below.
    },
    ("tcp", "services"): {
        **_SERVICE,
        "loadbalancer.(server.tls|proxyprotocol)": _SWITCH,
        "loadbalancer.proxyprotocol.version|loadbalancer.terminationdelay": _NUMBER,
    },
    ("udp", "services"): _SERVICE,
    ("http", "middlewares"): _HTTP_MIDDLEWARES,
    ("tcp", "middlewares"): {"inflightconn.amount": _NUMBER, "ipallowlist.sourcerange": _ANY},
    ("http", "serverstransports"): {
        "insecureskipverify|disablehttp2": _SWITCH,
        "servername": _ANY,
        "maxidleconnsperhost": _NUMBER,
        "forwardingtimeouts.[a-z]+": _SECONDS,
    },
}


def check_traefik(
    compose: ComposeFile, where: str, place: yaml.Node, parts: list[str], value: str
) -> None:
    """Check one label.

    Args:
        compose: the file.
        where: whose label it is, for messages.
        place: the label in the file.
        parts: its name, split at the dots; in lower case, as Traefik ignores case.
        value: its value.
    """
    key = ".".join(parts)
    protocol, kind, name = [*parts, "", "", ""][1:4]
    rest = ".".join(part for part in parts[4:] if not re.fullmatch(r"\[\d*\]", part))
    if (protocol, kind) not in _ALLOWED:
        _check_provider(compose, where, place, parts, value)
        return
    if STACK not in name:
        what = f"{where} uses '{kind}.{name}', whose name does not contain ${{STACK_NAME}}"
        compose.require_approval(place, f"label:{key}", what, "Put ${STACK_NAME} into the name")
    if (protocol, kind) == ("udp", "routers"):
        what = f"{where} takes all UDP traffic of an entrypoint"
        compose.require_approval(place, "route:udp", what)
    if not _is_allowed(_ALLOWED[protocol, kind], rest, value):
        what = f"{where} makes Traefik do more than serve this app ({key})"
        compose.require_approval(place, f"label:{key}", what)
    elif kind == "routers" and rest == "rule":
        _check_rule(compose, where, place, value)
    elif kind == "routers" and rest in ("entrypoints", "tls.certresolver"):
        _check_named(compose, where, place, rest.removeprefix("tls."), value)
    elif rest in ("service", "middlewares", "chain.middlewares", "loadbalancer.serverstransport"):
        _check_references(compose, where, place, rest, value)
    elif rest == "basicauth.users":
        _check_cost(compose, where, place, key, value)


def _is_allowed(allowed: dict[str, str], rest: str, value: str) -> bool:
    """Return whether a table has this name with this value; an empty value sets nothing."""
    return any(
        re.fullmatch(names.replace(".", r"\."), rest)
        and (not value or re.fullmatch(values, value, re.IGNORECASE | re.DOTALL))
        for names, values in allowed.items()
    )


def _check_provider(
    compose: ComposeFile, where: str, place: yaml.Node, parts: list[str], value: str
) -> None:
    """Check `traefik.enable`, and the network on which Traefik finds the app."""
    key = ".".join(parts)
    if key == "traefik.enable" or re.fullmatch(r"traefik\.(docker|swarm)\.lbswarm", key):
        return
    is_network = re.fullmatch(r"traefik\.(docker|swarm)\.network", key)
    if not (is_network and (value in ("", "proxy") or value.startswith(f"{STACK}_"))):
        what = f"{where} sets {key}, which affects more than this app"
        compose.require_approval(place, f"label:{key}", what)


def _check_rule(compose: ComposeFile, where: str, place: yaml.Node, rule: str) -> None:
    try:
        taken = names_taken(rule, _is_own)
    except UnknownRule:
        compose.refuse(place, f"a rule of {where} is {rule!r}", "Write a rule that Traefik accepts")
        return
    for name in sorted(taken):
        host = "all hosts on the node" if name == ANY else f"the host '{name}'"
        compose.require_approval(place, f"route:{name}", f"{where} takes the traffic for {host}")


def _is_own(name: str) -> bool:
    return name == DOMAIN or name.endswith(f".{DOMAIN}")


def _check_named(compose: ComposeFile, where: str, place: yaml.Node, kind: str, value: str) -> None:
    """Check the entrypoints of a router, and who issues its certificate."""
    for name in [one.strip() for one in value.split(",")]:
        if kind == "entrypoints" and name not in ("", *_ENTRYPOINTS):
            what = f"{where} takes traffic of the entrypoint '{name}'"
            compose.require_approval(place, f"entrypoint:{name}", what)
        elif kind == "certresolver" and name:
            what = f"{where} orders certificates from '{name}', whatever the server wants"
            remedy = "Write certresolver=${LETS_ENCRYPT_ENV}"
            compose.require_approval(place, f"certresolver:{name}", what, remedy)


def _check_references(
    compose: ComposeFile, where: str, place: yaml.Node, rest: str, value: str
) -> None:
    """Check the names of services, middlewares and transports that a label refers to."""
    kind = "middleware" if rest.endswith("middlewares") else "route"
    for reference in [one.strip() for one in value.split(",")]:
        name, _, provider = reference.partition("@")
        if reference and not (STACK in name and provider in _OWN_PROVIDERS):
            does = "sends requests through" if kind == "middleware" else "routes to"
            what = f"{where} {does} {reference}, which is not one of the app"
            compose.require_approval(place, f"{kind}:{reference}", what)


def _check_cost(compose: ComposeFile, where: str, place: yaml.Node, key: str, value: str) -> None:
    """Require an approval for a password hash that takes Traefik long to check."""
    costs = re.findall(r"\$2[a-z]?\$(\d+)", value)
    if any(int(cost) > _COSTLIEST_BCRYPT for cost in costs):
        what = f"{where} has a password hash with a cost of more than {_COSTLIEST_BCRYPT}"
        compose.require_approval(place, f"label:{key}", what, "Use a lower cost")
