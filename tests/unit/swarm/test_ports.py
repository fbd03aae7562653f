"""Where a port of an app is reached: through the node if it is published, else in the container."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.ports import address_of_port
from ccci.swarm.view import SwarmView

TALK = App("mumble", "talk.lab.test", "talk_lab_test", "https://talk.lab.test")
EXPOSED = {"64738/tcp": {}, "64738/udp": {}}


def swarm(
    published: list[dict[str, Any]],
    exposed: dict[str, Any],
    on_bridge: bool = True,
    labels: dict[str, str] | None = None,
) -> SwarmView:
    """Return a view of an app with two containers, of which the second exposes ports."""
    services = [
        {"Spec": {"EndpointSpec": {"Mode": "dnsrr"}}},
        {"Spec": {"EndpointSpec": {"Ports": published}, "Labels": labels or {}}},
    ]
    containers = [
        SimpleNamespace(id="web", attrs={"Config": {"ExposedPorts": None}}),
        SimpleNamespace(id="voice", attrs={"Config": {"ExposedPorts": exposed}}),
    ]
    there = {"web": {"IPv4Address": "172.18.0.6/16"}}
    if on_bridge:
        there["voice"] = {"IPv4Address": "172.18.0.7/16"}
    bridge = SimpleNamespace(attrs={"Containers": there})
    client = SimpleNamespace(
        api=SimpleNamespace(services=lambda filters: services),
        containers=SimpleNamespace(list=lambda filters, ignore_removed: containers),
        networks=SimpleNamespace(get=lambda name: bridge),
    )
    return cast(SwarmView, SimpleNamespace(client=client))


def test_a_published_port_is_reached_by_the_public_name() -> None:
    published = [
        {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080},
        {"Protocol": "tcp", "TargetPort": 64738, "PublishedPort": 5000},
        {"Protocol": "udp", "TargetPort": 64738, "PublishedPort": 5001},
    ]
    view = swarm(published, EXPOSED)
    assert address_of_port(view, TALK, 64738) == ("talk.lab.test", 5000)
    assert address_of_port(view, TALK, 64738, "udp") == ("talk.lab.test", 5001)


def test_another_port_is_reached_in_the_container_that_exposes_it() -> None:
    only_tcp = [{"Protocol": "tcp", "TargetPort": 64738, "PublishedPort": 5000}]
    view = swarm(only_tcp, EXPOSED)
    assert address_of_port(view, TALK, 64738, "udp") == ("172.18.0.7", 64738)


def test_a_port_that_nobody_has_is_the_recipes_fault() -> None:
    with pytest.raises(RecipeFailure, match="No running service of the app publishes port 64739/t"):
        address_of_port(swarm([], EXPOSED), TALK, 64739)


def test_a_container_that_the_node_does_not_reach_is_not() -> None:
    with pytest.raises(NodeFailure, match="its networks are all internal"):
        address_of_port(swarm([], EXPOSED, on_bridge=False), TALK, 64738)


LABELS = {
    "traefik.tcp.services.talk.loadbalancer.server.port": "64738",
    "traefik.tcp.routers.talk.rule": "HostSNI(`talk.lab.test`)",
    "traefik.tcp.routers.talk.entrypoints": "web-secure",
}


def test_a_port_that_traefik_leads_to_is_reached_by_the_public_name() -> None:
    view = swarm([], EXPOSED, labels=LABELS)
    assert address_of_port(view, TALK, 64738) == ("talk.lab.test", 443)
    assert address_of_port(view, TALK, 64738, by_traefik=False) == ("172.18.0.7", 64738)
    elsewhere = replace(TALK, url="https://talk.lab.test:8443")
    assert address_of_port(view, elsewhere, 64738) == ("talk.lab.test", 8443)
    assert address_of_port(view, TALK, 64738, "udp") == ("172.18.0.7", 64738)


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": "HostSNI(`*`)"},
        # Servers may have an entrypoint for it, which nobody here knows.
        {"rule": "HostSNI(`other.lab.test`)", "entrypoints": "voice"},
        {"rule": "HostSNI(`*`)", "entrypoints": "voice"},
    ],
)
def test_a_router_that_takes_all_names_or_is_elsewhere_does_not_count(
    changed: dict[str, str],
) -> None:
    labels = {f"traefik.tcp.routers.talk.{key}": value for key, value in changed.items()}
    view = swarm([], EXPOSED, labels={**LABELS, **labels})
    assert address_of_port(view, TALK, 64738) == ("172.18.0.7", 64738)


def test_a_router_may_take_several_names() -> None:
    rule = {"traefik.tcp.routers.talk.rule": "HostSNI(`a.lab.test`) || HostSNI(`talk.lab.test`)"}
    view = swarm([], EXPOSED, labels=LABELS | rule)
    assert address_of_port(view, TALK, 64738) == ("talk.lab.test", 443)


def test_a_router_that_leads_others_there_is_the_recipes_fault() -> None:
    """Or the container would be asked past Traefik, and nobody notice."""
    rule = {"traefik.tcp.routers.talk.rule": "HostSNI(`other.lab.test`)"}
    view = swarm([], EXPOSED, labels=LABELS | rule)
    with pytest.raises(RecipeFailure, match=r"ask for talk\.lab\.test.* have HostSNI\(`other"):
        address_of_port(view, TALK, 64738)
    assert address_of_port(view, TALK, 64738, by_traefik=False) == ("172.18.0.7", 64738)
