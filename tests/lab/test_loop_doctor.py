"""The loop's doctor with the real forge: a complete installation, and incomplete ones."""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.loop import mirror
from ccci.loop.doctor import Finding, examine
from ccci.loop.settings import ForgeSettings, load_forge_settings
from ccci.loop.webhook import listening
from ccci.node.server import load_server
from ccci.web.accounts import Account
from ccci.web.http import Client
from lab.node import Value, toml
from tests.forge_people import ForgePeople
from tests.lab.forge_site import forge_settings, make_user, remove_user
from tests.lab.loop_site import RECIPE

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def people() -> Iterator[ForgePeople]:
    forge_settings()
    made = ForgePeople.make()
    mirror.mirror(made.forge(), made.settings, RECIPE)
    yield made
    made.remove()


@pytest.fixture
def administrator(people: ForgePeople) -> Iterator[Account]:
    """A user with all permissions in the organisation."""
    account = make_user("doctor")
    teams = people.ask("GET", f"/orgs/{people.organisation}/teams")
    team = next(one for one in teams if one["name"] == "bots")
    people.ask("PUT", f"/teams/{team['id']}/members/{account.name}")
    yield account
    remove_user(account)


def token_of(account: Account, settings: ForgeSettings, *scopes: str) -> str:
    """Return a new token of an account, with these scopes."""
    basic = base64.b64encode(f"{account.name}:{account.password}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    url = f"{settings.url}/api/v1/users/{account.name}/tokens"
    body = json.dumps({"name": "doctor", "scopes": scopes}).encode()
    server = load_server().model_copy(update={"ca_bundle": settings.ca_bundle})
    response = Client(server).request("POST", url, headers, body)
    assert response.status == 201, response.status
    return str(json.loads(response.body)["sha1"])


def findings(
    settings: ForgeSettings, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Value
) -> dict[str, Finding]:
    """Return the doctor's findings with these settings, by name."""
    content: dict[str, Value] = {
        "url": settings.url,
        "organisation": settings.organisation,
        "user": settings.user,
        "token_file": str(settings.token_file),
        "upstream": settings.upstream,
        "ca_bundle": str(settings.ca_bundle),
        "dashboard_folder": str(folder / "pages"),
        **more,
    }
    (folder / "forge.toml").write_text(toml(content))
    monkeypatch.setenv("CCCI_FORGE_FILE", str(folder / "forge.toml"))
    return {one.what: one for one in examine()}


def secret_in(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_in_a_complete_installation_nothing_is_missing_and_nothing_is_changed(
    people: ForgePeople, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook: Value = {
        "address": "127.0.0.1",
        "port": str(free_port()),
        "secret_file": secret_in(tmp_path, "secret"),
    }
    before = state_of(people)
    found = findings(people.settings, tmp_path, monkeypatch, webhook=webhook)
    assert [str(one) for one in found.values() if one.remedy] == []
    assert {"write:issue", "write:repository", "write:organization"} <= set(found)
    assert {"upstream", "dashboard", "webhook"} <= set(found)
    assert state_of(people) == before
    assert not (tmp_path / "pages").exists()


def state_of(people: ForgePeople) -> tuple[object, ...]:
    repository = f"/repos/{people.organisation}/{RECIPE}"
    return (
        [one["name"] for one in people.ask("GET", f"/orgs/{people.organisation}/repos")],
        people.ask("GET", f"{repository}/branches"),
        people.ask("GET", f"{repository}/issues/comments"),
    )


def test_a_read_only_token_is_reported_with_the_scopes_that_it_needs(
    people: ForgePeople,
    administrator: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scopes = ("read:issue", "read:repository", "read:organization")
    token = secret_in(tmp_path, token_of(administrator, people.settings, *scopes))
    settings = people.settings.model_copy(
        update={"user": administrator.name, "token_file": Path(token)}
    )
    found = findings(settings, tmp_path, monkeypatch)
    for scope in ("write:issue", "write:repository", "write:organization"):
        assert f"the token needs the scope {scope}" in found[scope].remedy


def test_a_port_may_be_used_by_a_poller_with_the_same_secret(
    people: ForgePeople, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook: Value = {
        "address": "127.0.0.1",
        "port": str(free_port()),
        "secret_file": secret_in(tmp_path, "secret"),
    }
    findings(people.settings, tmp_path, monkeypatch, webhook=webhook)
    with listening(load_forge_settings(), lambda: None):
        found = findings(people.settings, tmp_path, monkeypatch, webhook=webhook)
        assert (found["webhook"].seen, found["webhook"].remedy) == (
            "a poller is listening on its port",
            "",
        )
        secret_in(tmp_path, "another")
        found = findings(people.settings, tmp_path, monkeypatch, webhook=webhook)
        assert found["webhook"].remedy


def test_problems_on_this_node_are_reported(
    people: ForgePeople, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pages").write_text("a file instead of a folder")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        webhook: Value = {
            "address": "127.0.0.1",
            "port": str(taken.getsockname()[1]),
            "secret_file": secret_in(tmp_path, "secret"),
        }
        upstream = "/nowhere/{recipe}"
        found = findings(people.settings, tmp_path, monkeypatch, upstream=upstream, webhook=webhook)
    wrong = {name for name, one in found.items() if one.remedy}
    assert wrong == {"upstream", "dashboard", "webhook"}
    assert "/nowhere/custom-html" in found["upstream"].seen
    assert "address already in use" in found["webhook"].seen.lower()
