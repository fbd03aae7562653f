"""What must hold of a deployed app: deployments made, secrets kept, no task died."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App, stack_name
from ccci.deploy.abra import Abra
from ccci.deploy.driver import AppDriver
from ccci.deploy.record import Record
from ccci.deploy.target import Target
from ccci.deploy.version import VersionLabels, check_version_is_commit
from ccci.errors import RecipeFailure
from ccci.node.server import Server
from ccci.recipe.config import RecipeConfig
from ccci.run.checks import (
    check_deployments_of_full_run,
    check_images,
    check_no_task_restarted,
    check_secrets_unchanged,
)
from ccci.swarm.meant import Meant
from ccci.swarm.view import Service, Task

WIKI, KEYCLOAK, OWN = (
    "wiki-pr0-1234567.lab.test",
    "keycloak-ab12-1.lab.test",
    "wiki-ab12-2.lab.test",
)


def driver_of(domain: str, abra: Abra) -> AppDriver:
    """Return the driver of an app that is deployed by nothing but `abra`."""
    there: Any = SimpleNamespace()
    app = App(domain.partition("-")[0], domain, stack_name(domain), f"https://{domain}")
    target = Target(Server(domain="lab.test"), abra, there, there)
    return AppDriver(app, there, RecipeConfig(), target, cast(Record, None))


def deploy(driver: AppDriver, cold: int, over: int = 0) -> AppDriver:
    """Deploy an app so often: on no running one, and over a running one."""
    for _ in range(cold + over):
        driver.commands.deploy()
    driver.cold_deployments += cold
    return driver


def check(
    driver: AppDriver,
    after_failures: bool = False,
    opt_out: tuple[str, ...] = (),
    dependencies: dict[str, AppDriver] | None = None,
    failed: tuple[str, ...] = (),
) -> None:
    check_deployments_of_full_run(driver, dependencies or {}, failed, opt_out, after_failures)


@pytest.fixture
def abra(tmp_path: Path) -> Abra:
    return Abra(Path("/bin/true"), tmp_path)


@pytest.mark.parametrize(
    ("opt_out", "cold", "over"),
    [
        ((), 3, 1),
        (("restart",), 3, 1),
        (("backup",), 2, 1),
        (("upgrade",), 2, 0),
        (("backup", "upgrade"), 1, 0),
    ],
)
def test_a_full_run_makes_so_many_deployments_and_no_more(
    opt_out: tuple[str, ...], cold: int, over: int, abra: Abra
) -> None:
    driver = deploy(driver_of(WIKI, abra), cold, over)
    check(driver, opt_out=opt_out)
    check(driver, after_failures=True, opt_out=opt_out)
    deploy(driver_of(OWN, abra), 1, 1)
    check(driver, opt_out=opt_out)
    deploy(driver, 0, over=1)
    said = (
        f"Expected {cold + over} deployments of the app under test in a full run, {cold} of them "
        f"cold; {cold + over + 1} were made, {cold} of them cold."
    )
    for after_failures in (False, True):
        with pytest.raises(RecipeFailure, match=said):
            check(driver, after_failures, opt_out)


@pytest.mark.parametrize(
    ("cold", "over", "also_after_failures"),
    [
        # a test that deploys over the running app
        (3, 2, True),
        # a test that empties and deploys
        (4, 1, True),
        # the same, and a stage that never came to its own
        (4, 0, True),
        # no upgrade; no restore onto an empty app; neither
        (3, 0, False),
        (2, 1, False),
        (1, 0, False),
        # a setup script that deploys past this process, so that no stage finds the app empty
        (1, 3, False),
    ],
)
def test_more_is_noticed_and_fewer_where_nothing_failed_before(
    cold: int, over: int, also_after_failures: bool, abra: Abra
) -> None:
    driver = deploy(driver_of(WIKI, abra), cold, over)
    with pytest.raises(RecipeFailure, match=f"; {cold + over} were made, {cold} of them cold"):
        check(driver)
    if also_after_failures:
        with pytest.raises(RecipeFailure, match="Expected 4 deployments"):
            check(driver, after_failures=True)
    else:
        check(driver, after_failures=True)


@pytest.mark.parametrize(
    ("cold", "over", "failed", "said"),
    [
        (1, 0, False, ""),
        (1, 0, True, ""),
        (0, 0, True, ""),
        (0, 0, False, "0 were made"),
        (0, 1, False, "1 were made, 0 of them cold"),
        (1, 1, False, "2 were made, 1 of them cold"),
        (2, 0, True, "2 were made"),
    ],
)
def test_each_dependency_is_deployed_once(
    cold: int, over: int, failed: bool, said: str, abra: Abra
) -> None:
    driver = deploy(driver_of(WIKI, abra), 3, 1)
    dependencies = {"keycloak": deploy(driver_of(KEYCLOAK, abra), cold, over)}
    names = ("keycloak",) if failed else ()
    if not said:
        check(driver, dependencies=dependencies, failed=names)
        return
    with pytest.raises(RecipeFailure, match=f"of the dependency 'keycloak' in .*; {said}"):
        check(driver, dependencies=dependencies, failed=names)


SECRETS = {"wiki_key_v1": "k1", "wiki_password_v1": "p1"}


def test_secrets_are_the_same_after_a_restart() -> None:
    check_secrets_unchanged(SECRETS, dict(SECRETS))


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ({**SECRETS, "wiki_key_v1": "k2"}, "wiki_key_v1"),
        ({**SECRETS, "wiki_key_v2": "k2"}, "wiki_key_v2"),
        ({"wiki_password_v1": "p1"}, "wiki_key_v1"),
    ],
    ids=["made anew", "one more", "lost"],
)
def test_a_secret_that_the_restart_changed_is_named(now: dict[str, str], changed: str) -> None:
    with pytest.raises(RecipeFailure, match=f"after the restart; changed: {changed}") as told:
        check_secrets_unchanged(SECRETS, now)
    assert "wiki_password_v1" not in str(told.value)


def task(state: str, wanted: str = "shutdown", exit_code: int = 0, message: str = "") -> Task:
    return Task(f"a {state} one", state, wanted, True, datetime.now(UTC), exit_code, message)


RUNNING = task("running", "running")


def services(**tasks: list[Task]) -> list[Service]:
    """Return services with these tasks, newest first."""
    return [
        Service(name, f"wiki_{name}", name, "nginx:1", {}, 1, "", "any", tuple(those))
        for name, those in tasks.items()
    ]


def last_log_lines(service: Service) -> str:
    return f"the last log lines of {service.short_name}"


def test_tasks_that_run_or_were_told_to_end_are_no_restart() -> None:
    ended = [RUNNING, task("shutdown")]
    check_no_task_restarted(services(app=ended, db=[RUNNING]), last_log_lines)
    with_a_job = services(app=[RUNNING], job=[task("complete")])
    check_no_task_restarted(with_a_job, last_log_lines, Meant(to_end=frozenset({"job"})))
    with pytest.raises(RecipeFailure, match="no task of job to be restarted; 1 died"):
        check_no_task_restarted(with_a_job, last_log_lines)


@pytest.mark.parametrize("state", ["failed", "rejected", "orphaned"])
def test_a_task_that_died_is_told_with_its_service(state: str) -> None:
    died = [task(state, exit_code=137, message="task: non-zero exit (137)")]
    seen = services(app=[RUNNING], db=[RUNNING, *died, task("failed", exit_code=1)])
    with pytest.raises(RecipeFailure) as told:
        check_no_task_restarted(seen, last_log_lines)
    assert str(told.value) == (
        "Expected no task of db to be restarted; 2 died, the last with exit code 137 "
        "(task: non-zero exit (137)).\nthe last log lines of db"
    )


@pytest.mark.parametrize(
    "expected",
    [{"app": "nginx:2", "db": "nginx:1"}, {"app": "nginx:1"}, {"app": "nginx:1", "web": "nginx:1"}],
    ids=["another", "one too many", "missing"],
)
def test_services_run_the_images_of_their_compose_file(expected: dict[str, str]) -> None:
    seen = services(app=[RUNNING], db=[RUNNING])
    check_images(seen, {"app": "nginx:1", "db": "nginx:1"})
    with pytest.raises(RecipeFailure, match=r"Expected the images .*; the services run .*'db'"):
        check_images(seen, expected)


DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    "named", [f"nginx@{DIGEST}", f"nginx:1@{DIGEST}", f"registry.test:5000/web/nginx:1@{DIGEST}"]
)
def test_a_pinned_image_is_compared_by_its_digest(named: str) -> None:
    name = named.partition("@")[0]
    kept = [replace(one, image=name, digest=DIGEST) for one in services(app=[RUNNING])]
    check_images(kept, {"app": named})
    other = [replace(one, digest=f"sha256:{'b' * 64}") for one in kept]
    with pytest.raises(RecipeFailure, match="Expected the images"):
        check_images(other, {"app": named})
    # Docker adds the digest that it found for a tag: that is no pin.
    check_images(other, {"app": name})


def test_a_head_without_a_version_label_is_a_finding() -> None:
    seen = VersionLabels("", True, "12345678")
    with pytest.raises(RecipeFailure, match=r"to have a version label .* there is none"):
        check_version_is_commit(seen, "1234567890", "")
    with pytest.raises(RecipeFailure, match="deployed app has none"):
        check_version_is_commit(seen, "1234567890", "1.0.0+1")
    check_version_is_commit(VersionLabels("1.0.0+1", True, "12345678"), "1234567890", "1.0.0+1")
