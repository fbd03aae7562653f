"""A provider that a matrix shares: runs see nothing of each other, and it goes with the matrix."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from ccci import oidc
from ccci.errors import RecipeFailure
from ccci.http import Client
from ccci.journal import Journal, all_runs
from ccci.keycloak import KeycloakAdmin
from ccci.oidc import OidcClient, TokenSet
from ccci.server import load_server
from ccci.shared_provider import SharedProvider, shared_with
from ccci.sign_in import PROVIDERS
from ccci.waiting import Look, wait_for
from matrix.sharing import shared_provider
from tests.lab.suite_runs import PROJECT, RESULTS, leftovers_of, wait_until_reaped

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

APP = OidcClient("app", "a secret that opens nothing else")
PASSWORD = "a password that opens nothing else"


def matrix_of(output: Path, *recipes: str) -> "subprocess.Popen[str]":
    words = [*recipes, "--share", "keycloak", "--output", str(output)]
    return subprocess.Popen(
        ["bash", "-c", '. .venv/bin/activate && exec python -m matrix "$@"', "matrix", *words],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CCCI_RESULTS_DIR": str(RESULTS)},
    )  # fmt: skip


def signed_in(http: Client, issuer: str) -> TokenSet:
    provider = oidc.discover(http, issuer)
    got = oidc.password_grant(http, provider, APP, "mona", PASSWORD)
    assert isinstance(got, TokenSet), got
    return got


def everything_is_refused(admin: KeycloakAdmin, name: str) -> None:
    theirs, master = admin.realm(name), admin.realm("master")
    for act in (
        lambda: admin.has_realm(name),
        lambda: admin.delete_realm(name),
        lambda: admin.user(theirs, "mona"),
        lambda: admin.make_user(theirs, "spy", PASSWORD),
        lambda: admin.make_role(theirs, "spy"),
        lambda: admin.clients(theirs),
        lambda: admin.export(theirs),
        lambda: admin.user(master, "admin"),
        lambda: admin.make_user(master, "spy", PASSWORD),
    ):
        with pytest.raises(RecipeFailure, match="it was 403"):
            act()


def test_what_one_run_has_there_no_other_sees(tmp_path: Path) -> None:
    http = Client(load_server())
    logs = tmp_path / "logs"
    told: dict[str, SharedProvider] = {}
    issuers: dict[str, str] = {}
    with shared_provider(PROJECT, "keycloak", ["gitea", "matrix-synapse"], "test", logs, print):
        for recipe in ("gitea", "matrix-synapse"):
            found = shared_with(recipe)
            assert found
            told[recipe] = found
            realm = PROVIDERS["keycloak"](http, found.app.url, found.secrets).realm(recipe)
            realm.make("member")
            realm.register(APP, f"{found.app.url}/back", True, "roles")
            realm.enrol("mona", PASSWORD, "member")
            assert realm.user("mona").username == "mona"
            issuers[recipe] = realm.issuer

        for recipe, other in (("gitea", "matrix-synapse"), ("matrix-synapse", "gitea")):
            mine = told[recipe]
            admin = KeycloakAdmin(
                http, mine.app.url, mine.secrets["admin_name"], mine.secrets["admin_password"]
            )
            assert admin.realm_names() == [recipe]
            everything_is_refused(admin, other)
            tokens = signed_in(http, issuers[recipe])
            assert oidc.user_info(
                http, oidc.discover(http, issuers[recipe]), tokens.access_token
            ).status == 200  # fmt: skip
            assert oidc.user_info(
                http, oidc.discover(http, issuers[other]), tokens.access_token
            ).status == 401  # fmt: skip
        run = next(one for one in all_runs() if "test" in one.names("matrix"))
        stack = told["gitea"].app.stack
    assert "Keycloak" in (logs / "app.log").read_text()
    assert shared_with("gitea") is None
    assert Journal.load(run.run_id).is_closed()
    assert leftovers_of(stack, run.run_id) == []


def test_two_recipes_sign_their_users_in_at_one_provider(tmp_path: Path) -> None:
    output = tmp_path / "report"
    with matrix_of(output, "gitea", "matrix-synapse") as matrix:
        said, _ = matrix.communicate(timeout=900)
    assert matrix.returncode == 0, said
    found = json.loads((output / "results.json").read_text())
    assert found["verdict"] == "passed"
    runs = [one for one in all_runs() if found["matrix"] in one.names("matrix")]
    assert sorted(one.recipe() for one in runs) == ["gitea", "keycloak", "matrix-synapse"]
    providers = [stack for one in runs for stack in one.stacks() if stack.startswith("keycloak-")]
    assert len(providers) == 1, providers
    for one in runs:
        assert one.left() == []
        if one.recipe() != "keycloak":
            results = RESULTS / one.recipe() / one.run_id / "results.json"
            assert json.loads(results.read_text())["facts"]["shared_provider"] == "keycloak"
    assert "Keycloak" in (output / "services" / "keycloak" / "app.log").read_text()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_ended_early_it_takes_its_provider_along(tmp_path: Path, how: signal.Signals) -> None:
    before = {run.run_id for run in all_runs()}

    def mine(recipe: str) -> list[Journal]:
        return [one for one in all_runs() if one.run_id not in before and one.recipe() == recipe]

    with matrix_of(tmp_path / "report", "gitea") as matrix:
        wait_for(
            "gitea to be deployed",
            lambda: Look(any(one.names("stack") for one in mine("gitea")), "not yet"),
            300,
        )
        matrix.send_signal(how)
        matrix.communicate(timeout=300)
    for recipe in ("keycloak", "gitea"):
        (run,) = mine(recipe)
        wait_until_reaped(run.run_id, within_seconds=300)
        for stack in run.stacks():
            assert leftovers_of(stack, run.run_id) == []
    (run,) = mine("gitea")
    results = json.loads((RESULTS / "gitea" / run.run_id / "results.json").read_text())
    assert results["verdict"] == "incomplete"
