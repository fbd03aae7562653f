"""The hosts whose traffic a Traefik rule takes."""

import pytest

from ccci.loop.routes import UnknownRule, names_taken


def _own(name: str) -> bool:
    return name in ("own.test", "www.own.test")


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ("Host(`own.test`)", set()),
        ("Host(`own.test`, `www.own.test`)", set()),
        ('Host("OWN.test")', set()),
        ("Host(`own.test`) && PathPrefix(`/x`)", set()),
        ("PathPrefix(`/x`) && Host(`own.test`)", set()),
        ("Host(`own.test`) && !Path(`/x`)", set()),
        ("Host(`own.test`) && (Path(`/x`) || Path(`/y`))", set()),
        ("Host(`own.test`) || Host(`www.own.test`) && Method(`GET`)", set()),
        ("HostSNI(`own.test`)", set()),
        ("Host(`other.test`)", {"other.test"}),
        ("Host(`own.test`, `other.test`)", {"other.test"}),
        ("Host(`own.test`) || Host(`other.test`)", {"other.test"}),
        ("Host(`own.test`) && Host(`other.test`)", set()),
        ("Host(`other.test`) && Path(`/x`)", {"other.test"}),
        ("Path(`/x`) && Host(`other.test`)", {"other.test"}),
        ("PathPrefix(`/`)", {"any"}),
        ("Host(`own.test`) || PathPrefix(`/x`)", {"any"}),
        ("Host(`own.test`) && Path(`/x`) || Path(`/y`)", {"any"}),
        ("(Host(`own.test`) || Path(`/x`)) && Path(`/y`)", {"any"}),
        ("!Host(`own.test`)", {"any"}),
        ("!(Host(`own.test`) && Path(`/x`))", {"any"}),
        ("HostRegexp(`own.test`)", {"any"}),
        (r"HostRegexp(`^[a-z0-9-]+\.own.test$`)", set()),
        (r"HostSNIRegexp(`^[^.]+\.own.test$`)", set()),
        (r"Host(`own.test`) || HostRegexp(`^[a-z]{1,63}\.own.test$`)", set()),
        (r"HostRegexp(`^[a-z]+\.other.test$`)", {"any"}),
        (r"HostRegexp(`^[a-z]+.own.test$`)", {"any"}),
        (r"HostRegexp(`^[a-z]+\.own.test`)", {"any"}),
        (r"HostRegexp(`[a-z]+\.own.test$`)", {"any"}),
        (r"HostRegexp(`^[a-z]+|x\.own.test$`)", {"any"}),
        (r"HostRegexp(`^[a-z]+\.(.*|own.test$)`)", {"any"}),
        (r"HostRegexp(`^[a-z]+\.own.test$`, `^.*$`)", {"any"}),
        ("!!Host(`own.test`)", {"any"}),
        ("(" * 16 + "Host(`own.test`)" + ")" * 16, set()),
        ("!Path(`/`) && " * 40 + "Host(`own.test`)", set()),
        ("Host(``)", {"any"}),
        ("HostSNI(`*`)", {"*"}),
        ("Host(`a`) || Method(`GET`)", {"a", "any"}),
    ],
)
def test_the_hosts_of_a_rule(rule: str, taken: set[str]) -> None:
    assert names_taken(rule, _own) == taken


@pytest.mark.parametrize(
    "rule",
    ["", "Host", "Host(", "Host(`a`", "Host(own.test)", "Host(`a` `b`)", "Host(`a`) Path(`/`)",
     "Host(`a`) &&", "&& Host(`a`)", "(Host(`a`)", "Host(`a`))", "Host(`a`) & Path(`/`)", "Host:a",
     "Host()", "Host() && Path(`/`)", "!" * 20 + "Host(`a`)", "(" * 20 + "Host(`a`)" + ")" * 20,
     "!" * 1500 + "Path(`/`)", "Host(`own.test`) && (" * 17 + "Path(`/`)" + ")" * 17,
     "Host(`own.test`)" + " " * 5000 + "&& Path(`/`)"],
)  # fmt: skip
def test_an_invalid_rule_is_refused(rule: str) -> None:
    with pytest.raises(UnknownRule):
        names_taken(rule, _own)
