"""A health check is read as Docker runs it."""

import pytest

from ccci.swarm.health_check import HealthCheck, health_check_of

CURL = ["curl", "-f", "http://localhost/"]


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ({"Healthcheck": {"Test": ["CMD", *CURL]}}, tuple(CURL)),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl -f x || exit 1"]}},
         ("/bin/sh", "-c", "curl -f x || exit 1")),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "true"]}, "Shell": ["/bin/ash", "-c"]},
         ("/bin/ash", "-c", "true")),
    ],
)  # fmt: skip
def test_the_command_is_that_of_the_container(
    config: dict[str, object], command: tuple[str, ...]
) -> None:
    assert health_check_of(config) == HealthCheck(command, 30.0)


@pytest.mark.parametrize(
    "config",
    [
        {}, {"Healthcheck": None}, {"Healthcheck": {}}, {"Healthcheck": {"Test": []}},
        {"Healthcheck": {"Test": ["NONE"]}}, {"Healthcheck": {"Test": ["CMD"]}},
        {"Healthcheck": {"Interval": 5}},
    ],
)  # fmt: skip
def test_a_container_may_have_none(config: dict[str, object]) -> None:
    assert health_check_of(config) is None


def test_its_own_timeout_counts() -> None:
    config = {"Healthcheck": {"Test": ["CMD", "true"], "Timeout": 2_500_000_000}}
    assert health_check_of(config) == HealthCheck(("true",), 2.5)


def test_how_long_a_start_may_take_is_counted_in_tries() -> None:
    table: dict[str, object] = {"Test": ["CMD", "true"], "StartPeriod": 120_000_000_000}
    config = {"Healthcheck": table}
    assert health_check_of(config) == HealthCheck(("true",), 30.0, 120 + 3 * 30, 3 * 30)
    table.update(Interval=3_000_000_000, Retries=10)
    assert health_check_of(config) == HealthCheck(("true",), 30.0, 120 + 10 * 3, 10 * 3)
