"""The hosts that Traefik leads to an app, as the rules of its routers name them."""

import pytest

from ccci.recipe.routers import hosts_in, routed_hosts

LABELS = [
    "traefik.http.routers.shop.rule=Host(`${DOMAIN}`)",
    "Traefik.TCP.Routers.mail.Rule=HostSNI(`smtp-${DOMAIN}`)",
    "traefik.http.services.shop.loadbalancer.server.port=80",
]
CONTENT = {"services": {"app": {"deploy": {"labels": LABELS}}}}


def test_the_hosts_of_both_protocols_are_found() -> None:
    settings = {"DOMAIN": "shop.test"}
    assert list(routed_hosts([CONTENT], settings)) == ["shop.test", "smtp-shop.test"]
    assert list(routed_hosts([CONTENT], settings, ["http"])) == ["shop.test"]


@pytest.mark.parametrize(
    ("rule", "protocol"), [("HostSNI(`a.test`)", "http"), ("Host(`a.test`)", "tcp")]
)
def test_the_matcher_of_the_other_protocol_names_no_host(rule: str, protocol: str) -> None:
    assert hosts_in(rule, protocol) == set()
