"""Defects of the labels for Traefik."""

import re
from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import UPGRADE, WORKS, Broken

_PORT = re.compile(r"traefik\.http\.services\..*\.loadbalancer\.server\.port")
_RULE = re.compile(r"traefik\.http\.routers\..*\.rule")
# How else clients come in that open no page. Without Traefik a run finds them on the node as well,
# so that some of these are only seen to be gone.
_RAW = (
    (r"traefik\.tcp\.services\..*\.port", "9", "asks the wrong port for TCP", UPGRADE),
    (r"traefik\.tcp\.routers\..*\.entrypoints", "web", "takes TCP elsewhere", UPGRADE),
    (
        r"traefik\.tcp\.routers\..*\.rule", "HostSNI(`another.example.org`)",
        "takes TCP for another host", (*WORKS, *UPGRADE),
    ),
)  # fmt: skip


def routing_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each route broken in each way."""
    for service in recipe.services:
        for key, value in recipe.labels(service).items():
            if _PORT.fullmatch(key):
                yield _with(recipe, service, {key: "9"}, f"{service}: Traefik asks the wrong port")
            if _RULE.fullmatch(key):
                name = f"{service}: the route is for another host"
                yield _with(recipe, service, {key: "Host(`another.example.org`)"}, name)
                greedy = {key: f"{value} || PathPrefix(`/`)", _priority(key): "100000"}
                broken = _with(recipe, service, greedy, f"{service}: the route takes every host")
                yield broken._replace(alone=True)
            for pattern, instead, what, stages in _RAW:
                if re.fullmatch(pattern, key):
                    broken = _with(recipe, service, {key: instead}, f"{service}: Traefik {what}")
                    yield broken._replace(stages=stages)


def _priority(rule: str) -> str:
    return rule.removesuffix("rule") + "priority"


def _with(recipe: Draft, service: str, labels: dict[str, str], name: str) -> Broken:
    draft = recipe.copy()
    for key, value in labels.items():
        if key in draft.labels(service):
            draft.set_label(service, key, value)
        else:
            draft.add_label(service, key, value)
    return Broken(name, draft, (*WORKS, "teardown"))
