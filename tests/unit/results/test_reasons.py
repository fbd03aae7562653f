"""A test says nothing about the recipe only if every failure in it says nothing."""

import pytest

from ccci.results.reasons import cause_of, is_incomplete_by, is_nobody_reached

NODE = "Incomplete: No node has room after 60 s."
GENUINE = "Expected status 200, got 502."


def says_nothing(part: str) -> bool:
    return part.startswith(NODE) or is_nobody_reached(part)


@pytest.mark.parametrize(
    "message",
    [
        NODE,
        f"{NODE}\nLast log lines of app:\n\n1) started",
        f"Setup failed:\n{NODE}",
        f"Parent suite setup failed:\n{NODE}",
        f"Teardown failed:\n{NODE}",
        f"{NODE}\n\nAlso teardown failed:\n{NODE}",
        f"Several failures occurred:\n\n1) {NODE}\n\n2) {NODE}",
        f"*HTML* Setup failed:\n{NODE}",
        f"Keyword 'Ask' failed after retrying for 5 seconds. The last error was: {NODE}",
        "ConnectionError: HTTPSConnectionPool(host='a', port=443): Max retries exceeded with url: "
        "/ (Caused by NewConnectionError('Connection refused'))",
        "Error: page.goto: net::ERR_CONNECTION_REFUSED at https://a.lab.test/",
    ],
)
def test_nothing_was_learnt(message: str) -> None:
    assert is_incomplete_by(message, says_nothing)


@pytest.mark.parametrize(
    "message",
    [
        GENUINE,
        "",
        f"{GENUINE}\n\nAlso teardown failed:\n{NODE}",
        f"{NODE}\n\nAlso teardown failed:\n{GENUINE}",
        f"Several failures occurred:\n\n1) {NODE}\n\n2) {GENUINE}",
        f"Setup failed:\n{GENUINE}\n\nAlso parent suite teardown failed:\n{NODE}",
        f"{GENUINE}\nLast log lines of app:\n{NODE}\nNewConnectionError: Connection refused",
        "ReadTimeout: HTTPSConnectionPool(host='a', port=443): Read timed out.",
        "TimeoutError: locator.click: Timeout 10000ms exceeded.",
    ],
)
def test_one_genuine_failure_is_enough(message: str) -> None:
    assert not is_incomplete_by(message, says_nothing)


def test_a_cause_is_told_without_what_stands_before_it() -> None:
    assert cause_of(f"Parent suite setup failed:\n{NODE}") == "No node has room after 60 s."
