"""What guards a service that runs, as the Swarm and Docker tell: health check, user, ports, mounts.

Nothing here judges; `ccci.run.losses` compares two looks.
"""

import math
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError

from ccci.recipe.routers import WayIn, routers_in, ways_in
from ccci.swarm.as_seen import ENVIRONMENT, read_as_seen, variables_in
from ccci.swarm.health_check import health_check_of
from ccci.swarm.stopping import hears_stop
from ccci.swarm.view import Service, SwarmView

# The process table of a container, on whatever machine Docker is.
_PROCESSES = "-eo pid,uid"
_MIDDLEWARE = re.compile(r"traefik\.http\.middlewares\.([^.]+)\.([a-z.]+)")
# What a middleware limits, by its option; True where a number says how much.
_LIMITS = {
    "buffering.maxrequestbodybytes": ("body limit", True),
    "inflightreq.amount": ("requests at once", True),
    "ratelimit.average": ("requests in a time", True),
    "ipallowlist.sourcerange": ("visitors", False),
    "ipwhitelist.sourcerange": ("visitors", False),
}
_EVERYBODY = "0.0.0.0/0"
_KEEPS_OUT = ("basicauth", "digestauth", "forwardauth", "ipallowlist", "ipwhitelist")
_LEFT_OUT = re.compile(r"!\s*Path\w*\([^)]*\)")
_NO = re.compile(r"|0|false|no|off|never|none|allow", re.IGNORECASE)
# What the Swarm gives a service that does not say.
_GRACE_SECONDS = 10.0
_DELAY_SECONDS = 5.0
# How long abra waits for a deployment of a recipe that does not say.
_ABRA_SECONDS = 300.0
# Variables that switch the check of certificates off where their value is a yes, or a no.
_OFF_BY_YES = re.compile(
    r"(?:SKIP|NO|DISABLE)_?(?:SSL|TLS|CERT\w*)?_?VERIF|(?:SSL|TLS|CERT\w*)_?(?:SKIP|NO)_?VERIF"
    r"|(?:SSL|TLS)_?INSECURE|INSECURE_?(?:SSL|TLS)|IGNORE_?(?:SSL|TLS|CERT)"
)
_OFF_BY_NO = re.compile(
    r"REJECT_?UNAUTHORIZED|HTTPS_?VERIFY|(?:SSL|TLS|CERT\w*)_?VERIF|VERIF\w*_(?:SSL|TLS|CERT)"
    r"|STRICT_?SSL|LDAPTLS_REQCERT"
)


@dataclass(frozen=True)
class ServiceGuards:
    """What guards one service.

    Attributes:
        restart: its restart policy: `any`, `on-failure` or `none`.
        attempts: how often it is started again at most.
        image: its image reference, without digest.
        order: what comes first in an update: `stop-first` or `start-first`.
        rollback_order: the same, when an update is rolled back.
        ports: the ports of the node that it publishes, as `5432` or `53/udp`; `any` for a free one.
        mounts: the paths of the node that it mounts.
        on_proxy: whether it is on the network that it shares with Traefik.
        health_check: whether its containers have one; None where none of them runs.
        is_root: whether its first process has the user id 0; None where that cannot be told.
        hears_stop: whether its first process handles the signal that asks it to stop; None where
            that cannot be told.
        patience_seconds: how long a container may start before the health check ends it; 0 where
            it has none.
        alarm_seconds: how long one that started may not answer before the health check ends it; 0
            where it has none.
        delay_seconds: how long it stays down before it is started again.
        grace_seconds: how long it may take to stop before it is killed.
        rolls_back: whether an update that fails is rolled back.
        limits: what Traefik's middlewares in its labels limit, and to how much; 0 for whom they
            let in at all.
        unverified: its variables that switch the check of certificates off.
        copies: how many tasks it has; infinite for one on every node.
        placement: on which nodes it may run, as constraints.
        has_volume: whether it mounts a volume.
        closed: what keeps visitors out, by the name of a router in its labels: `basicauth`, and
            `!Path(`/admin`)` for what its rule leaves out, for example.
        ways_in: whom Traefik leads to it that opens no page.
        timeout_seconds: how long abra waits for a deployment, by its label.
    """

    restart: str
    order: str
    ports: frozenset[str] = frozenset()
    mounts: frozenset[str] = frozenset()
    on_proxy: bool = False
    health_check: bool | None = None
    is_root: bool | None = None
    hears_stop: bool | None = None
    patience_seconds: float = 0
    grace_seconds: float = _GRACE_SECONDS
    rolls_back: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    unverified: frozenset[str] = frozenset()
    attempts: float = math.inf
    image: str = ""
    rollback_order: str = "stop-first"
    alarm_seconds: float = 0
    delay_seconds: float = _DELAY_SECONDS
    copies: float = 1
    placement: frozenset[str] = frozenset()
    has_volume: bool = False
    closed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ways_in: frozenset[WayIn] = frozenset()
    timeout_seconds: float = _ABRA_SECONDS


def service_guards(
    swarm: SwarmView, stack: str, proxies: Collection[str]
) -> dict[str, ServiceGuards]:
    """Return what guards each service of a stack, by the service's name in the compose file.

    Args:
        swarm: where the stack is.
        stack: its name.
        proxies: the networks that Traefik is on.

    Example:
        ``service_guards(swarm, "blog_lab_test", ["proxy"])["app"].is_root`` -> ``False``
    """
    api: Any = swarm.client.api
    shared = {one["Id"] for one in api.networks() if one["Name"] in proxies}
    return {
        service.short_name: _guards_of(
            swarm, stack, service, api.inspect_service(service.id), shared
        )
        for service in swarm.services(stack)
    }


def switches_verification_off(name: str, value: str) -> bool:
    """Return whether a variable makes a program take any certificate.

    Example:
        >>> switches_verification_off("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        True
        >>> switches_verification_off("GIT_SSL_NO_VERIFY", "false")
        False
    """
    is_no = _NO.fullmatch(value.strip().strip("\"'")) is not None
    if _OFF_BY_YES.search(name.upper()):
        return not is_no
    return is_no and value != "" and _OFF_BY_NO.search(name.upper()) is not None


def _guards_of(
    swarm: SwarmView,
    stack: str,
    service: Service,
    inspected: Mapping[str, Any],
    shared: Collection[str],
) -> ServiceGuards:
    spec = inspected["Spec"]
    template, update = spec["TaskTemplate"], spec.get("UpdateConfig") or {}
    policy = template.get("RestartPolicy") or {}
    grace = template["ContainerSpec"].get("StopGracePeriod")
    mounts = template["ContainerSpec"].get("Mounts") or []
    container = swarm.container_of(service) if service.running else None
    check = health_check_of(container.attrs["Config"]) if container else None
    return ServiceGuards(
        restart=service.restart,
        order=update.get("Order", "stop-first"),
        ports=frozenset(map(_port, (spec.get("EndpointSpec") or {}).get("Ports") or [])),
        mounts=frozenset(_mounts(mounts)),
        on_proxy=any(one["Target"] in shared for one in template.get("Networks") or []),
        health_check=container and check is not None,
        is_root=container and _is_root(container),
        hears_stop=container and hears_stop(container),
        patience_seconds=check.patience_seconds if check else 0,
        grace_seconds=_GRACE_SECONDS if grace is None else grace / 1e9,
        # From this share of failures on; 1 is never.
        rolls_back=update.get("FailureAction") == "rollback"
        and update.get("MaxFailureRatio", 0) < 1,
        limits=_limits(service.labels),
        unverified=frozenset(_unverified(container) if container else ()),
        # The Swarm takes 0 for no limit.
        attempts=policy.get("MaxAttempts") or math.inf,
        image=service.image,
        rollback_order=(spec.get("RollbackConfig") or {}).get("Order", "stop-first"),
        alarm_seconds=check.alarm_seconds if check else 0,
        delay_seconds=policy["Delay"] / 1e9 if "Delay" in policy else _DELAY_SECONDS,
        copies=_copies(spec.get("Mode") or {}),
        placement=frozenset((template.get("Placement") or {}).get("Constraints") or ()),
        has_volume=any(one["Type"] == "volume" for one in mounts),
        closed=_closed(service.labels),
        ways_in=ways_in(service.labels),
        timeout_seconds=_timeout(service.labels, stack),
    )


def _timeout(labels: Mapping[str, str], stack: str) -> float:
    value = labels.get(f"coop-cloud.{stack}.timeout", "").strip()
    return float(value) if value.isdecimal() else _ABRA_SECONDS


def _copies(mode: Mapping[str, Any]) -> float:
    if "Global" in mode:
        return math.inf
    return float((mode.get("Replicated") or {}).get("Replicas", 1))


def _closed(labels: Mapping[str, str]) -> dict[str, frozenset[str]]:
    lower = {name.lower(): value for name, value in labels.items()}
    kinds: dict[str, set[str]] = {}
    for name in lower:
        if found := _MIDDLEWARE.fullmatch(name):
            kinds.setdefault(found[1], set()).add(found[2].partition(".")[0])
    closed = {}
    for router, options in routers_in(lower).items():
        used = {kind for one in _middlewares_of(options) for kind in kinds.get(one, ())}
        left_out = {found.replace(" ", "") for found in _LEFT_OUT.findall(options.get("rule", ""))}
        closed[router] = frozenset(used.intersection(_KEEPS_OUT) | left_out)
    return closed


def _limits(labels: Mapping[str, str]) -> dict[str, float]:
    # Traefik takes names in any case.
    lower = {name.lower(): value.strip() for name, value in labels.items()}
    used, found = set(_middlewares_of_all(lower)), dict[str, float]()
    for name, value in lower.items():
        option = _MIDDLEWARE.fullmatch(name)
        what, has_number = _LIMITS.get(option[2] if option else "", ("", False))
        if not option or option[1] not in used or not what:
            continue
        # It takes what is no number above 0 for no limit.
        if has_number and value.isdecimal() and int(value):
            found[what] = min(int(value), found.get(what, math.inf))
        elif not has_number and _EVERYBODY not in value:
            found[what] = 0
    return found


def _middlewares_of_all(labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the middlewares of routers that whoever opens the app meets: not those of a path."""
    for options in routers_in(labels).values():
        if "Path" not in options.get("rule", ""):
            yield from _middlewares_of(options)


def _middlewares_of(router: Mapping[str, str]) -> Iterator[str]:
    for one in router.get("middlewares", "").split(","):
        yield one.strip().partition("@")[0].lower()


def _port(port: Mapping[str, Any]) -> str:
    protocol = port.get("Protocol", "tcp")
    published = str(port.get("PublishedPort") or "any")
    return published if protocol == "tcp" else f"{published}/{protocol}"


def _mounts(mounts: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for mount in mounts:
        driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
        options = driver.get("Options") or {}
        if mount["Type"] == "bind":
            yield posixpath.normpath(mount["Source"])
        # A volume that is a folder of the node by another name.
        elif "bind" in options.get("o", "").split(","):
            yield posixpath.normpath(options.get("device", ""))


def _is_root(container: Any) -> bool | None:
    try:
        table = container.top(ps_args=_PROCESSES)
    except APIError:
        return None
    first = str(container.attrs["State"]["Pid"])
    users = dict(row[:2] for row in table["Processes"])
    return users[first] == "0" if first in users else None


def _unverified(container: Any) -> Iterator[str]:
    """Yield variables that Docker or an entrypoint gave the first process."""
    given = variables_in("\0".join(container.attrs["Config"].get("Env") or []).encode())
    own = variables_in(read_as_seen(str(container.id), ENVIRONMENT) or b"")
    for name, value in {**given, **own}.items():
        if switches_verification_off(name, value.decode("utf-8", "replace")):
            yield name
