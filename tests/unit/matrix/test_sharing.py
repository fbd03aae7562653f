"""A provider that a matrix shares: which recipes can share it, and how runs wait for places."""

import json
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from click.testing import CliRunner

from ccci.apps import App
from ccci.budget.measured import measured
from ccci.budget.places import Budget, Wait
from ccci.errors import Misuse, NodeFailure
from ccci.matrix import __main__ as command
from ccci.matrix import sharing
from ccci.matrix.sharing import SharePlan, _one_matrix, plan_sharing
from ccci.node.state import ProcessIdentity
from ccci.recipe.config import RecipeConfig, Sso
from ccci.recipe.dependencies import Plan
from ccci.results.credentials import CredentialStore
from ccci.results.store import RunFacts, RunResults, write_results
from ccci.run.dependency_apps import DependencyApps
from ccci.run.run import Run, Share
from ccci.sso.shared_provider import SHARED_VARIABLE, Sharing, sharing_of
from ccci.swarm.meant import Meant
from ccci.swarm.view import Task

KEYCLOAK = App("keycloak", "keycloak-1.lab.test", "keycloak-1_lab_test", "https://keycloak-1")
WIKI = App("wiki", "wiki.lab.test", "wiki_lab_test", "https://wiki.lab.test")
GIB = 1024**3


@pytest.fixture(autouse=True)
def _node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MAX_TESTS", "4")
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    sso = '[sso]\nprovider = "keycloak"\n'
    recipes = {
        "keycloak": "weight = 2",
        "wiki": sso,
        "shop": f"weight = 2\n{sso}",
        "forum": "weight = 1",
        "heavy": "weight = 3",
        "both": f'requires = ["keycloak"]\n{sso}',
        "script": f'{sso}setup_script = "wire.sh"\n',
    }
    for recipe, settings in recipes.items():
        folder = tmp_path / "recipes" / recipe
        folder.mkdir(parents=True)
        (folder / "recipe.toml").write_text(settings)
    return tmp_path


def ran(project: Path, recipe: str, number: int, peak_memory_bytes: int, shared: str = "") -> None:
    facts = RunFacts(f"20260101-00000{number}-aaaa", recipe, shared_provider=shared)
    folder = project / "results" / recipe / facts.run_id
    write_results(
        folder,
        RunResults(facts, "passed", {}, {}, 60, peak_memory_bytes=peak_memory_bytes),
    )


def test_recipes_that_need_the_provider_for_sign_in_only_share_it(project: Path) -> None:
    part = ["forum", "wiki", "shop", "script"]
    with pytest.raises(Misuse, match="'script' needs 3 places"):
        plan_sharing(project, "keycloak", part, part)
    part.remove("script")
    assert plan_sharing(project, "keycloak", [*part, "script", "heavy"], part) == SharePlan(
        "keycloak", ("wiki", "shop"), ("forum",), 2
    )


def test_a_part_without_sign_in_has_no_provider_and_all_places(project: Path) -> None:
    assert plan_sharing(project, "keycloak", ["wiki", "heavy"], ["heavy"]) is None


@pytest.mark.parametrize(
    ("provider", "recipes", "message"),
    [
        ("forum", ["wiki"], "SHARE=forum: this is not a provider. Providers are: keycloak."),
        ("keycloak", ["forum"], "no recipe of this matrix can share it"),
        ("keycloak", ["wiki", "heavy"], "'heavy' needs 3 places, .* leaves 2 of 4"),
        ("keycloak", ["wiki", "both"], "'both' needs 3 places, .* leaves 2 of 4"),
        ("keycloak", ["script", "both"], "no recipe of this matrix can share it"),
    ],
)
def test_what_cannot_be_shared_is_refused(
    project: Path, provider: str, recipes: list[str], message: str
) -> None:
    with pytest.raises(Misuse, match=message):
        plan_sharing(project, provider, recipes, recipes)


def test_memory_peaks_count_for_the_same_kind_of_run_only(project: Path) -> None:
    ran(project, "wiki", 1, 6 * GIB)
    ran(project, "wiki", 2, 1 * GIB, shared="keycloak")
    assert measured(project, "wiki").peak_memory_bytes == 6 * GIB
    assert measured(project, "wiki", "keycloak").peak_memory_bytes == 1 * GIB
    assert plan_sharing(project, "keycloak", ["wiki"], ["wiki"])
    ran(project, "wiki", 3, 5 * GIB, shared="keycloak")
    with pytest.raises(Misuse, match="'wiki' needs 3 places"):
        plan_sharing(project, "keycloak", ["wiki"], ["wiki"])


def test_a_second_matrix_that_shares_a_provider_is_refused() -> None:
    with _one_matrix(), pytest.raises(Misuse, match="Another matrix on this node"), _one_matrix():
        pass
    with _one_matrix():
        pass


def test_a_run_of_the_matrix_overtakes_runs_that_wait_for_the_providers_places() -> None:
    provider = Budget(4).take(2, "keycloak")
    waiting = threading.Event()

    def other_run() -> None:
        with Budget(4).take(4, "another run", lambda _: waiting.set(), 30):
            pass

    thread = threading.Thread(target=other_run)
    thread.start()
    assert waiting.wait(10)
    waits: list[Wait] = []
    with Budget(4).take(2, "wiki", waits.append, 5, queues=False):
        assert sum(one.weight for one in Budget(4).holders() if one.holds) == 4
    assert not waits
    provider.release()
    thread.join(10)
    assert not thread.is_alive()


def test_a_run_that_does_not_queue_still_waits_for_free_places() -> None:
    with Budget(4).take(3, "n8n"):
        lease = threading.Event()

        def run() -> None:
            with Budget(4).take(2, "wiki", deadline_seconds=30, queues=False):
                lease.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert not lease.wait(0.5)
    thread.join(10)
    assert lease.is_set()


def test_each_run_has_a_file_on_its_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sharing_of("wiki") is None
    here = ProcessIdentity.of(os.getpid())
    written = Sharing(here, 2, KEYCLOAK, {"admin_name": "w", "admin_password": "the secret"})
    written.write(tmp_path / "shared", "wiki")
    Sharing(here, 2).write(tmp_path / "shared", "forum")
    assert stat.S_IMODE((tmp_path / "shared" / "wiki.json").stat().st_mode) == 0o600
    assert "the secret" not in repr(written)
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path / "shared"))
    assert sharing_of("wiki") == written
    assert sharing_of("forum") == Sharing(here, 2)
    assert sharing_of("other") is None


def test_runs_of_the_matrix_keep_their_own_order() -> None:
    got: list[str] = []
    waiting = threading.Event()

    def run(name: str, weight: int, on_wait: Callable[[Wait], None] | None = None) -> None:
        with Budget(4).take(weight, name, on_wait, 30, queues=False):
            got.append(name)

    with Budget(4).take(3, "keycloak"):
        heavy = threading.Thread(target=run, args=("heavy", 2, lambda _: waiting.set()))
        heavy.start()
        assert waiting.wait(10)
        light = threading.Thread(target=run, args=("light", 1))
        light.start()
        light.join(0.5)
        assert light.is_alive() and not got
    for thread in (heavy, light):
        thread.join(10)
    assert got == ["heavy", "light"]


@pytest.fixture
def _signals() -> Iterator[None]:
    kept = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in kept.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("_signals")
def test_a_matrix_that_is_interrupted_before_its_provider_is_deployed_writes_a_report(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupted(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt
        yield

    (project / "suites" / "wiki").mkdir(parents=True)
    monkeypatch.setattr(command, "PROJECT", project)
    monkeypatch.setattr(command, "shared_provider", interrupted)
    output = tmp_path / "report"
    done = CliRunner().invoke(
        command.main, ["wiki", "--share", "keycloak", "--output", str(output)]
    )
    assert done.exit_code == 1, done.output
    assert "interrupted before the first recipe was started" in done.output
    found = json.loads((output / "results.json").read_text())
    assert (found["verdict"], found["not_finished"]) == ("incomplete", ["wiki"])
    assert (output / "log.html").exists()


def test_runs_get_the_reason_why_their_provider_did_not_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    named: list[str] = []

    def make() -> None:
        named.append(os.environ["CCCI_RUN_ID"])
        raise NodeFailure("no image is available.")

    run = SimpleNamespace(
        driver=SimpleNamespace(app=KEYCLOAK, make=make),
        run_id="20260101-000000-abcd",
        folder=tmp_path,
        target=SimpleNamespace(swarm=SimpleNamespace(services=lambda _: [])),
        record=SimpleNamespace(
            journal=SimpleNamespace(record=lambda *_: None),
            credentials=SimpleNamespace(values=list),
        ),
        end=lambda verdict, failed: ended.append(verdict),
    )
    monkeypatch.setattr(sharing, "start_run", lambda *_: run)
    monkeypatch.setenv("CCCI_RUN_ID", "another run")
    logs = tmp_path / "logs"
    plan = SharePlan("keycloak", ("wiki",), ("forum",), 2)
    with sharing.shared_provider(tmp_path, plan, "a matrix", logs, print):
        shared = sharing_of("wiki")
        assert sharing_of("forum") == Sharing(ProcessIdentity.of(os.getpid()), 2)
        assert not ended and os.environ["CCCI_RUN_ID"] == "another run"
    assert named == ["20260101-000000-abcd"]
    assert shared and shared.failure == f"no image is available. Its logs are in {logs}."
    assert ended == ["incomplete"] and sharing_of("wiki") is None
    made = dependencies_of(tmp_path, shared)
    made.deploy()
    assert not made.can_sign_in
    with pytest.raises(NodeFailure, match="'keycloak' did not deploy: no image is available"):
        made.sign_in_realm()


def dependencies_of(folder: Path, sharing: Sharing) -> DependencyApps:
    run = SimpleNamespace(
        run_id="20260101-000000-abcd",
        config=RecipeConfig(sso=Sso(provider="keycloak")),
        options=SimpleNamespace(recipe="wiki", attach=False),
        plan=Plan((), 1),
        record=SimpleNamespace(credentials=CredentialStore(folder / "credentials.json")),
        target=SimpleNamespace(client=None, server=SimpleNamespace(names={})),
        folder=folder,
        driver=SimpleNamespace(app=WIKI),
        share=Share(sharing=sharing),
        shared_provider=sharing.provider,
    )
    return DependencyApps(cast(Run, run))


def test_a_shared_provider_is_a_dependency_with_other_credentials(tmp_path: Path) -> None:
    secrets = {"admin_name": "wiki-1", "admin_password": "of this run"}
    here = ProcessIdentity.of(os.getpid())
    made = dependencies_of(tmp_path, Sharing(here, 2, KEYCLOAK, secrets))
    made.deploy()
    assert made.get("keycloak") == KEYCLOAK and made.public_names() == (KEYCLOAK.domain,)
    assert not made.apps and made.can_sign_in
    assert made.sign_in_realm().issuer == f"{KEYCLOAK.url}/realms/wiki-20260101-000000-abcd"
    text = made.write_file().read_text()
    assert "of this run" in text and '"realm": "wiki-20260101-000000-abcd"' in text
    assert "of this run" in made.run.record.credentials.values()


def test_a_companion_is_made_by_the_run_itself_and_found_by_its_name(tmp_path: Path) -> None:
    """Not as a recipe of the operator's, and also where another provider is shared."""
    mail = App("mail", "mail-abcd-1.lab.test", "mail-abcd-1_lab_test", "https://mail")
    asked: list[str] = []
    # It was started again before it was up.
    service = SimpleNamespace(short_name="app", tasks=[dead_task("early")])
    driver = SimpleNamespace(
        app=mail,
        deploy=lambda: asked.append("deploy"),
        wait_healthy=lambda: asked.append("wait"),
        services=lambda: [service],
        meant=Meant(),
        public_names=lambda: (mail.domain, f"smtp-{mail.domain}"),
    )

    def made_of(name: str) -> SimpleNamespace:
        asked.append(f"companion {name}")
        return driver

    made = dependencies_of(tmp_path, Sharing(ProcessIdentity.of(os.getpid()), 2, KEYCLOAK, {}))
    made.run.plan = Plan((("mail",),), 1, ("mail",))
    made.run.companion = made_of  # type: ignore[assignment, method-assign]
    made.deploy()
    assert asked == ["companion mail", "deploy", "wait"]
    assert made.get("mail") == mail
    assert made.public_names() == (KEYCLOAK.domain, mail.domain, f"smtp-{mail.domain}")
    # It may call the app, as a forge does when somebody pushes.
    assert driver.calls == (WIKI.domain, KEYCLOAK.domain)
    assert '"mail": {' in made.write_file().read_text()
    assert made.death() == ""
    service.tasks.insert(0, dead_task("late"))
    assert made.death().startswith(
        "The dependency 'mail' did not stay up: its service app ended with exit code 137 (killed)."
    )


def dead_task(identity: str) -> Task:
    return Task(identity, "failed", "shutdown", True, datetime.now(UTC), 137, "killed")


def test_a_run_that_attaches_finds_the_kept_dependencies(tmp_path: Path) -> None:
    kept = SimpleNamespace(
        run_id="20260101-000000-abcd",
        config=RecipeConfig(sso=Sso(provider="keycloak")),
        options=SimpleNamespace(recipe="wiki", attach=True),
        record=SimpleNamespace(credentials=CredentialStore(tmp_path / "credentials.json")),
        target=SimpleNamespace(client=None),
        folder=tmp_path,
        share=Share(),
        shared_provider=None,
        plan=Plan((("mail", "keycloak"),), 3, ("mail",)),
    )
    attached = DependencyApps(cast(Run, kept))
    # The upgrade stage asks for them again: none is deployed a second time.
    attached.deploy()
    assert not attached.apps and not attached.failures
    with pytest.raises(Misuse, match="has no live 'keycloak': run this stage without ATTACH"):
        attached.get("keycloak")
    entry = {"domain": KEYCLOAK.domain, "stack": KEYCLOAK.stack, "url": KEYCLOAK.url}
    content = {"keycloak": {**entry, "realm": "wiki-of-before"}}
    (tmp_path / "deps.json").write_text(json.dumps(content))
    kept.record.credentials.put(f"{KEYCLOAK.domain}/admin_password", "the administrator's")
    assert attached.get("keycloak") == KEYCLOAK
    assert attached.sign_in_realm().issuer == f"{KEYCLOAK.url}/realms/wiki-of-before"
