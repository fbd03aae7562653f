"""A provider that a matrix shares: its runs cannot see each other, and it ends with the matrix."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from ccci.errors import RecipeFailure
from ccci.matrix.sharing import SharePlan, shared_provider
from ccci.node.server import load_server
from ccci.results.store import PROVIDER_GONE
from ccci.run.run import new_run_id
from ccci.sso import oidc
from ccci.sso.keycloak import ADMIN_CLIENT, ADMIN_REALM, KeycloakAdmin
from ccci.sso.oidc import OidcClient, Registration, TokenSet
from ccci.sso.shared_provider import sharing_of
from ccci.sso.sign_in import PROVIDERS
from ccci.teardown.journal import Journal, all_runs
from ccci.waiting import Look, wait_for
from ccci.web.http import Client, Response
from tests.lab.suite_runs import PROJECT, RESULTS, leftovers_of, wait_until_reaped

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

APP = OidcClient("app", "a secret that opens nothing else")
PASSWORD = "a password that opens nothing else"


def matrix_of(output: Path, *recipes: str) -> "subprocess.Popen[str]":
    arguments = [*recipes, "--share", "keycloak", "--output", str(output)]
    return subprocess.Popen(
        ["bash", "-c",
         '. .venv/bin/activate && exec python -m ccci.matrix "$@"', "matrix", *arguments],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CCCI_RESULTS_DIR": str(RESULTS)},
    )  # fmt: skip


class Delegate:
    """The administrator that one run gets at the shared Keycloak."""

    def __init__(self, http: Client, url: str, secrets: dict[str, str]) -> None:
        self._http, self._url = http, f"{url}/admin/realms"
        self.admin = KeycloakAdmin(http, url, secrets["admin_name"], secrets["admin_password"])
        master = self.admin.realm(ADMIN_REALM).issuer
        self._token = signed_in(
            http, master, ADMIN_CLIENT, secrets["admin_name"], secrets["admin_password"]
        ).access_token

    def request(self, path: str, method: str = "GET") -> Response:
        """Return the response of the admin API."""
        bearer = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        body = None if method == "GET" else b"{}"
        return self._http.request(method, f"{self._url}{path}", bearer, body)


def signed_in(
    http: Client,
    issuer: str,
    client: OidcClient = APP,
    name: str = "mona",
    password: str = PASSWORD,
) -> TokenSet:
    provider = oidc.discover(http, issuer)
    got = oidc.password_grant(http, provider, client, name, password)
    assert isinstance(got, TokenSet), got
    return got


def everything_is_refused(delegate: Delegate, name: str) -> None:
    admin = delegate.admin
    theirs, master = admin.realm(name), admin.realm(ADMIN_REALM)
    assert delegate.request(f"/{name}/clients").status == 403
    assert delegate.request(f"/{name}/partial-export", "POST").status == 403
    for act in (
        lambda: admin.delete_realm(name),
        lambda: admin.user(theirs, "mona"),
        lambda: admin.make_user(theirs, "spy", PASSWORD),
        lambda: admin.make_role(theirs, "spy"),
        lambda: admin.user(master, "admin"),
        lambda: admin.make_user(master, "spy", PASSWORD),
    ):
        with pytest.raises(RecipeFailure, match="it was 403"):
            act()


def status_at(http: Client, issuer: str, token: str) -> int:
    return oidc.user_info(http, oidc.discover(http, issuer), token).status


def disabled_is_shut_out(http: Client, delegate: Delegate, name: str, token: str) -> None:
    realm = delegate.admin.realm(name)
    delegate.admin.disable_user(realm, delegate.admin.user(realm, "mona"))
    assert status_at(http, realm.issuer, token) == 401
    provider = oidc.discover(http, realm.issuer)
    refused = oidc.password_grant(http, provider, APP, "mona", PASSWORD)
    assert isinstance(refused, oidc.GrantRefused) and "disabled" in str(refused), refused


def test_a_run_cannot_see_the_realms_of_other_runs(tmp_path: Path) -> None:
    http, matrix = Client(load_server()), new_run_id()
    plan = SharePlan("keycloak", ("gitea", "matrix-synapse"), (), 2)
    delegates: dict[str, Delegate] = {}
    tokens: dict[str, str] = {}
    issuers: dict[str, str] = {}
    with shared_provider(PROJECT, plan, matrix, tmp_path / "logs", print):
        for recipe in plan.sharers:
            found = sharing_of(recipe)
            assert found and found.provider and not found.failure
            url, secrets = found.provider.url, found.secrets
            realm = PROVIDERS["keycloak"](http, url, secrets).realm(recipe)
            realm.make("member")
            scoped = Registration(f"{url}/back", roles_claim="roles", scopes=("rooms:list",))
            realm.register(APP, scoped)
            # Another app of the realm may want the same scope.
            realm.register(OidcClient("elsewhere", "x" * 32), scoped)
            realm.enrol("mona", PASSWORD, "member")
            assert realm.user("mona").username == "mona"
            delegates[recipe] = Delegate(http, url, dict(secrets))
            issuers[recipe] = realm.issuer
            tokens[recipe] = signed_in(http, realm.issuer).access_token
        for recipe, other in (plan.sharers, plan.sharers[::-1]):
            seen = delegates[recipe].request("?briefRepresentation=true")
            assert [realm["realm"] for realm in seen.json] == [recipe]
            everything_is_refused(delegates[recipe], other)
            assert status_at(http, issuers[recipe], tokens[recipe]) == 200
            assert status_at(http, issuers[other], tokens[recipe]) == 401
            disabled_is_shut_out(http, delegates[recipe], recipe, tokens[recipe])
        (run,) = (one for one in all_runs() if matrix in one.names("matrix"))
    assert sharing_of("gitea") is None
    assert Journal.load(run.run_id).is_closed()
    assert [leftovers_of(stack, run.run_id) for stack in run.stacks()] == [[]]


def test_two_recipes_share_one_provider(tmp_path: Path) -> None:
    output = tmp_path / "report"
    with matrix_of(output, "gitea", "matrix-synapse") as matrix:
        printed, _ = matrix.communicate(timeout=900)
    assert matrix.returncode == 0, printed
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


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_matrix_removes_its_provider(tmp_path: Path, how: signal.Signals) -> None:
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
    if how == signal.SIGKILL:
        assert results["reason"] == PROVIDER_GONE
    else:
        report = json.loads((tmp_path / "report" / "results.json").read_text())
        assert (report["verdict"], report["not_finished"]) == ("incomplete", ["gitea"])
