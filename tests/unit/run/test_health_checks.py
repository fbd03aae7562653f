"""A health check that says healthy where nothing runs fails the install stage."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.run import health_checks
from ccci.swarm.view import Service, Task

RUNNING = Task("t", "running", "running", True, datetime.now(UTC), None, "")
APP = Service("s1", "wiki_app", "app", "wiki:1", {}, 1, "", "any", (RUNNING,))
DB = replace(APP, id="s2", name="wiki_db", short_name="db")
IDLE = replace(APP, id="s3", name="wiki_night", short_name="night", tasks=())
CHECKS = {"s1": {"Test": ["CMD", "is-ready"]}, "s2": None, "s3": {"Test": ["CMD", "true"]}}


@pytest.fixture
def driver() -> AppDriver:
    """An app with a checked service, one without a check, and one that does not run."""
    container = lambda service: SimpleNamespace(  # noqa: E731
        attrs={"Config": {"Healthcheck": CHECKS[service.id]}}
    )
    written: list[tuple[str, str]] = []
    journal = SimpleNamespace(run_id="r1", record=lambda *words: written.append(words))
    driver = SimpleNamespace(
        services=lambda: [APP, DB, IDLE],
        target=SimpleNamespace(swarm=SimpleNamespace(container_of=container)),
        record=SimpleNamespace(journal=journal, tell=lambda _: None),
        written=written,
        config=SimpleNamespace(let_go={}),
    )
    return cast(AppDriver, driver)


def _ending(monkeypatch: pytest.MonkeyPatch, code: int | None) -> None:
    monkeypatch.setattr(health_checks, "exit_code_alone", lambda *_: code)


@pytest.mark.parametrize(
    ("code", "said"), [(1, "ends with 1"), (127, "ends with 127"), (None, "does not end in time")]
)
def test_a_check_that_can_fail_is_told(
    driver: Any, monkeypatch: pytest.MonkeyPatch, code: int | None, said: str
) -> None:
    _ending(monkeypatch, code)
    assert health_checks.check_health_checks_can_fail(driver).splitlines() == [
        f"app: where nothing runs, 'is-ready' {said}.",
        "db has no health check.",
    ]
    assert driver.written == [("container", "ccci-r1-health-of-app")]


def test_one_that_cannot_is_a_failure_of_the_recipe(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ending(monkeypatch, 0)
    with pytest.raises(RecipeFailure) as failure:
        health_checks.check_health_checks_can_fail(driver)
    said = str(failure.value).splitlines()
    assert said[0] == "Expected each health check to be able to fail:"
    assert said[1].startswith("the health check of service 'app', 'is-ready', says healthy in a ")
    assert len(said) == 2
    driver.config.let_go["app: health check cannot fail"] = "It is upstream's own."
    assert "is-ready' ends with 0" in health_checks.check_health_checks_can_fail(driver)
