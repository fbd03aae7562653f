"""Hosts that apps have beside their own have a route in the head, too."""

import pytest

from ccci.review.aliases import lost_aliases
from ccci.review.files import CommitFiles

TWO = "Host(`${DOMAIN}`${MORE})"
THREE = "Host(`${DOMAIN}`)${MORE}"
TAUGHT_TWO = "DOMAIN=shop.example.com\n#MORE=', `www.shop.example.com`'\n"
TAUGHT_THREE = TAUGHT_TWO.replace(", `www.shop.example.com`", " || Host(`www.shop.example.com`)")


def _files(sample: str, rule: str) -> CommitFiles:
    label = f'"traefik.http.routers.${{STACK_NAME}}.rule={rule}"'
    compose = f"services: {{app: {{image: shop, deploy: {{labels: [{label}]}}}}}}\n"
    return CommitFiles.of({".env.sample": sample, "compose.yml": compose})


@pytest.mark.parametrize(
    ("release", "head", "lost"),
    [
        ((TAUGHT_TWO, TWO), (TAUGHT_TWO, TWO), []),
        ((TAUGHT_TWO, TWO), (TAUGHT_TWO, f"({TWO} || Path(`/x, y`)) && !Host(`a`)"), []),
        # The rule is changed, and so is the sample: apps have what the release taught.
        ((TAUGHT_TWO, TWO), (TAUGHT_TWO, THREE), ["MORE"]),
        ((TAUGHT_TWO, TWO), (TAUGHT_THREE, THREE), ["MORE"]),
        ((TAUGHT_TWO, TWO), (TAUGHT_TWO, f"({THREE}) && Path(`/`)"), ["MORE"]),
        ((TAUGHT_TWO, TWO), (TAUGHT_TWO, "Host(`${DOMAIN}`)"), ["MORE"]),
        ((TAUGHT_THREE, THREE), (TAUGHT_THREE, THREE), []),
        ((TAUGHT_THREE, THREE), (TAUGHT_THREE, TWO), ["MORE"]),
        (("#WWW=www.shop.example.com\n", "Host(`a`,`${WWW}`)"), ("", "Host(`a`)"), ["WWW"]),
        # The release had no use for it, or nothing taught what to set.
        ((TAUGHT_TWO, THREE), (TAUGHT_TWO, "Host(`${DOMAIN}`)"), []),
        (("#MORE=\n", TWO), ("#MORE=\n", THREE), []),
    ],
)
def test_a_host_that_a_setting_adds_keeps_its_route(
    release: tuple[str, str], head: tuple[str, str], lost: list[str]
) -> None:
    found = list(lost_aliases(_files(*release), _files(*head), ""))
    assert [name for name, _ in found] == lost
    for _, sentence in found:
        assert "no router of the head takes www.shop.example.com" in sentence
    assert list(lost_aliases(_files(*release), _files(*head), "MORE and WWW are no more.")) == []
