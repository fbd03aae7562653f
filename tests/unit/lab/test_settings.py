"""The lab's settings in the environment."""

from pathlib import Path

import pytest

from lab import settings
from lab.errors import LabError


def test_defaults() -> None:
    found = settings.read({}, {})
    assert (found.domain, found.http_port, found.https_port, found.pull) == (
        "lab.test",
        80,
        443,
        "missing",
    )
    assert found.lab == Path("/var/lib/ccci/lab")
    assert found.name("app") == "app.lab.test"


def test_the_environment_has_priority_over_the_last_settings() -> None:
    found = settings.read(
        {"LAB_HTTPS_PORT": "9443"}, {"LAB_HTTPS_PORT": "8443", "LAB_HTTP_PORT": "8080"}
    )
    assert (found.http_port, found.https_port) == (8080, 9443)
    assert settings.to_remember(found)["LAB_HTTPS_PORT"] == "9443"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("LAB_DOMAIN", "nodots"),
        ("LAB_DOMAIN", "Upper.test"),
        ("LAB_DOMAIN", "a b.test"),
        ("LAB_DOMAIN", "-a.test"),
        ("LAB_DOMAIN", "a..test"),
        ("LAB_DOMAIN", "x" * 36 + ".test"),
        ("LAB_DOMAIN", 'lab.test"\nserver = "x'),
        ("LAB_HTTP_PORT", "0"),
        ("LAB_HTTP_PORT", "65536"),
        ("LAB_HTTP_PORT", "-1"),
        ("LAB_HTTPS_PORT", "443x"),
        ("LAB_HTTPS_PORT", "80"),
        ("LAB_PULL", "always"),
    ],
)
def test_the_error_for_an_invalid_value_names_the_setting(key: str, value: str) -> None:
    with pytest.raises(LabError, match=key):
        settings.read({key: value}, {})
