"""What must hold at the end of stages: deployments made, secrets kept, no task died."""

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App, stack_name
from ccci.deploy.abra import Abra
from ccci.deploy.driver import AppDriver
from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.recipe.config import RecipeConfig
from ccci.run.dependency_apps import DependencyApps
from ccci.run.run import Run
from ccci.run.stages import Stages
from ccci.swarm.view import Service, Task

WIKI, KEYCLOAK, OWN = (
    "wiki-pr0-1234567.lab.test",
    "keycloak-ab12-1.lab.test",
    "wiki-ab12-2.lab.test",
)
TRUE, FALSE = Path("/bin/true"), Path("/bin/false")


def driver_of(domain: str, abra: Abra, swarm: object = None) -> AppDriver:
    """Return the driver of an app that is deployed by nothing but `abra`."""
    stack = stack_name(domain)
    there: Any = SimpleNamespace()
    return AppDriver(
        App(domain.partition("-")[0], domain, stack, f"https://{domain}"),
        there, RecipeConfig(), Server(domain="lab.test"), abra, cast(Any, swarm), there, there,
        print,
    )  # fmt: skip


def stages_of(
    driver: AppDriver,
    opt_out: Sequence[str] = (),
    dependencies: dict[str, AppDriver] | None = None,
    failures: dict[str, str] | None = None,
) -> Stages:
    run = SimpleNamespace(
        driver=driver,
        abra=driver.abra,
        swarm=driver.swarm,
        config=RecipeConfig.model_validate(
            {"opt_out": dict.fromkeys(opt_out, "It keeps nothing that could be lost.")}
        ),
        client=SimpleNamespace(wait_for_status=lambda *_: None),
        tell=print,
    )
    others = SimpleNamespace(apps=dependencies or {}, failures=failures or {})
    return Stages(cast(Run, run), cast(DependencyApps, others), lambda: None)


def deploy(driver: AppDriver, cold: int, over: int = 0) -> AppDriver:
    """Deploy an app so often: on no running one, and over a running one."""
    for _ in range(cold + over):
        driver.abra("app", "deploy", driver.app.domain, "-C", "-n")
    driver.cold_deployments += cold
    return driver


@pytest.fixture
def abra(tmp_path: Path) -> Abra:
    return Abra(TRUE, tmp_path)


@pytest.mark.parametrize("program", [TRUE, FALSE])
@pytest.mark.parametrize(
    "command",
    [
        ["app", "deploy", WIKI, "-C", "-n", "-o", "-D", "-c", "-f"],
        ["app", "deploy", "-C", "-f", WIKI],
        ["--debug", "app", "-n", "deploy", WIKI, "1.0.0+2.0"],
        ["app", "upgrade", WIKI, "1.0.0+2.0"],
        ["app", "rollback", "-f", WIKI],
        ["a", "d", WIKI],
    ],
    ids=" ".join,
)
def test_abra_counts_what_deploys(command: list[str], program: Path, tmp_path: Path) -> None:
    abra = Abra(program, tmp_path)
    abra(*command, check=False)
    assert abra.deployments_of(WIKI) == 1
    assert abra.deployments_of(OWN) == 0
    abra(*command, check=False)
    assert abra.deployments_of(WIKI) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["app", "undeploy", WIKI, "-n"],
        ["app", "restart", WIKI, "app"],
        ["app", "restore", WIKI, "-s", "12345678"],
        ["app", "run", WIKI, "app", "--", "deploy", WIKI],
        ["app", "cmd", WIKI, "app", "upgrade"],
        ["recipe", "upgrade", "wiki"],
        ["app", "deploy"],
    ],
    ids=" ".join,
)
def test_abra_counts_nothing_else(command: list[str], abra: Abra) -> None:
    abra(*command)
    assert abra.deployments_of(WIKI) == 0


def test_a_deployment_that_was_killed_may_be_made_again(tmp_path: Path) -> None:
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    abra = Abra(program, tmp_path)
    with pytest.raises(NodeFailure, match="was killed by signal 9"):
        abra("app", "deploy", WIKI)
    assert abra.deployments_of(WIKI) == 0


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
    stages = stages_of(driver, opt_out)
    stages.check_cold_deployments(after_failures=False)
    stages.check_cold_deployments(after_failures=True)
    deploy(driver_of(OWN, abra), 1, 1)
    stages.check_cold_deployments(after_failures=False)
    deploy(driver, 0, over=1)
    said = (
        f"Expected {cold + over} deployments of the app under test in a full run, {cold} of them "
        f"cold; {cold + over + 1} were made, {cold} of them cold."
    )
    for after_failures in (False, True):
        with pytest.raises(RecipeFailure, match=said):
            stages.check_cold_deployments(after_failures)


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
    stages = stages_of(deploy(driver_of(WIKI, abra), cold, over))
    with pytest.raises(RecipeFailure, match=f"; {cold + over} were made, {cold} of them cold"):
        stages.check_cold_deployments(after_failures=False)
    if also_after_failures:
        with pytest.raises(RecipeFailure, match="Expected 4 deployments"):
            stages.check_cold_deployments(after_failures=True)
    else:
        stages.check_cold_deployments(after_failures=True)


@pytest.mark.parametrize(
    ("cold", "over", "failure", "said"),
    [
        (1, 0, "", ""),
        (1, 0, "its page never answered", ""),
        (0, 0, "its image cannot be had", ""),
        (0, 0, "", "0 were made"),
        (0, 1, "", "1 were made, 0 of them cold"),
        (1, 1, "", "2 were made, 1 of them cold"),
        (2, 0, "its page never answered", "2 were made"),
    ],
)
def test_each_dependency_is_deployed_once(
    cold: int, over: int, failure: str, said: str, abra: Abra
) -> None:
    stages = stages_of(
        deploy(driver_of(WIKI, abra), 3, 1),
        dependencies={"keycloak": deploy(driver_of(KEYCLOAK, abra), cold, over)},
        failures={"keycloak": failure} if failure else {},
    )
    if not said:
        stages.check_cold_deployments(after_failures=False)
        return
    with pytest.raises(RecipeFailure, match=f"of the dependency 'keycloak' in .*; {said}"):
        stages.check_cold_deployments(after_failures=False)


@dataclass
class FewThings:
    """A Swarm with the secrets and services that a test gives it."""

    secrets_there: dict[str, str] = field(default_factory=dict)
    services_there: list[Service] = field(default_factory=list)

    def secrets(self, stack: str) -> dict[str, str]:
        assert stack == stack_name(WIKI)
        return dict(self.secrets_there)

    def services(self, stack: str) -> list[Service]:
        assert stack == stack_name(WIKI)
        return self.services_there

    def last_words(self, service: Service) -> str:
        return f"the last words of {service.short_name}"


Change = Callable[[dict[str, str]], Any]


def restarted(abra: Abra, meanwhile: Change, monkeypatch: pytest.MonkeyPatch) -> Stages:
    """Return the stages after a restart in which something happened to the app's secrets."""
    swarm = FewThings(secrets_there={"wiki_key_v1": "k1", "wiki_password_v1": "p1"})
    driver = driver_of(WIKI, abra, swarm)
    monkeypatch.setattr(driver, "restart", lambda: meanwhile(swarm.secrets_there))
    stages = stages_of(driver)
    stages.restart()
    return stages


def test_secrets_are_the_same_after_a_restart(abra: Abra, monkeypatch: pytest.MonkeyPatch) -> None:
    restarted(abra, lambda _: None, monkeypatch).check_secrets_kept()


@pytest.mark.parametrize(
    ("meanwhile", "changed"),
    [
        (lambda secrets: secrets.update(wiki_key_v1="k2"), "wiki_key_v1"),
        (lambda secrets: secrets.update(wiki_key_v2="k2"), "wiki_key_v2"),
        (lambda secrets: secrets.pop("wiki_key_v1"), "wiki_key_v1"),
    ],
    ids=["made anew", "one more", "lost"],
)
def test_a_secret_that_the_restart_changed_is_named(
    meanwhile: Change, changed: str, abra: Abra, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = restarted(abra, meanwhile, monkeypatch)
    with pytest.raises(RecipeFailure, match=f"Secrets changed by the restart: .*{changed}") as told:
        stages.check_secrets_kept()
    assert "wiki_password_v1" not in str(told.value)


def task(state: str, wanted: str = "shutdown", exit_code: int = 0, message: str = "") -> Task:
    return Task(f"a {state} one", state, wanted, True, datetime.now(UTC), exit_code, message)


RUNNING = task("running", "running")


def with_tasks(abra: Abra, **tasks: list[Task]) -> Stages:
    """Return the stages of an app with these services, and the tasks of each, newest first."""
    services = [
        Service(name, f"wiki_{name}", name, "nginx", {}, 1, "", False, tuple(those))
        for name, those in tasks.items()
    ]
    return stages_of(driver_of(WIKI, abra, FewThings(services_there=services)))


def test_tasks_that_run_or_were_told_to_end_are_no_restart(abra: Abra) -> None:
    with_tasks(
        abra, app=[RUNNING, task("shutdown"), task("complete")], db=[RUNNING]
    ).check_no_task_restarted()


@pytest.mark.parametrize("state", ["failed", "rejected", "orphaned"])
def test_a_task_that_died_is_told_with_its_service(state: str, abra: Abra) -> None:
    died = [task(state, exit_code=137, message="task: non-zero exit (137)")]
    stages = with_tasks(abra, app=[RUNNING], db=[RUNNING, *died, task("failed", exit_code=1)])
    with pytest.raises(RecipeFailure) as told:
        stages.check_no_task_restarted()
    assert str(told.value) == (
        "Expected no task of db to be restarted; 2 died, the last with exit code 137 "
        "(task: non-zero exit (137)).\nthe last words of db"
    )


@pytest.mark.parametrize("kind", [RecipeFailure, NodeFailure])
def test_what_stands_on_a_broken_step_fails_by_whose_fault_that_was(
    kind: type[Exception], abra: Abra, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise kind("it ended early.\nIts last words")

    stages = stages_of(driver_of(WIKI, abra))
    stages.deployed = "previous"
    monkeypatch.setattr(stages.run.driver, "deploy", broken)
    with pytest.raises(kind, match="it ended early"):
        stages.upgrade_to_head()
    for look in (stages.check_markers, stages.wait_healthy, stages.check_snapshot, stages.restore):
        with pytest.raises(
            kind, match=r"^Not looked at, since the upgrade failed: it ended early\.$"
        ):
            look()
    stages.begin_stage()
    with pytest.raises(RecipeFailure, match="There is no snapshot to go on with"):
        stages.check_snapshot()
