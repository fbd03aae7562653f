"""Sign-in is set up by the same words at any provider; its failure is not the app's."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from robot.api.types import Secret

from ccci.apps import App
from ccci.bridge.failures import Incomplete
from ccci.bridge.session import session
from ccci.deploy.driver import AppDriver
from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.config import RecipeConfig, Sso
from ccci.results.credentials import CredentialStore
from ccci.run.dependency_apps import DependencyApps
from ccci.run.run import Run, Share
from ccci.sso import oidc
from ccci.sso.oidc import OidcClient, Provider, Registration, User
from ccci.sso.placeholders import WayIn, placeholders
from ccci.sso.sign_in import PROVIDERS, check_provider
from SsoSetup import SsoSetup

ELSEWHERE = App("authentik", "sso.lab.test", "sso_lab_test", "https://sso.lab.test")


@dataclass
class Notebook:
    """A realm at a provider of another kind: it writes down what it is asked for."""

    url: str
    secrets: dict[str, str]
    name: str
    asked: list[Any] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"{self.url}/application/o/{self.name}/"

    def make(self, *roles: str) -> None:
        self.asked.append(("make", *roles))

    def register(self, client: OidcClient, needs: Registration) -> None:
        self.asked.append(("register", client, needs))

    def enrol(self, username: str, password: str, *roles: str) -> User:
        self.asked.append(("enrol", username, password, *roles))
        return User("17", username, f"{username}@example.org")

    def disable(self, username: str) -> None:
        self.asked.append(("disable", username))

    def user(self, username: str) -> User:
        raise RecipeFailure(f"nobody is called {username}")


@pytest.fixture
def dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DependencyApps:
    def provider(_: object, url: str, secrets: dict[str, str]) -> SimpleNamespace:
        return SimpleNamespace(realm=lambda name: Notebook(url, secrets, name))

    monkeypatch.setitem(cast(dict[str, Callable[..., Any]], PROVIDERS), "authentik", provider)
    credentials = CredentialStore(tmp_path / "credentials.json")
    credentials.put(f"{ELSEWHERE.domain}/admin_token", "the administrator's token")
    run = SimpleNamespace(
        config=RecipeConfig(sso=Sso(provider="authentik")),
        options=SimpleNamespace(recipe="wiki", attach=False),
        run_id="20260101-000000-abcd",
        record=SimpleNamespace(credentials=credentials),
        target=SimpleNamespace(client=None),
        driver=SimpleNamespace(require_limits=lambda: None),
        share=Share(),
        shared_provider=None,
    )
    made = DependencyApps(cast(Run, run))
    made.apps["authentik"] = cast(AppDriver, SimpleNamespace(app=ELSEWHERE))
    monkeypatch.setattr(session, "begun", SimpleNamespace(run=run, dependencies=made))
    return made


def test_the_words_ask_the_provider_that_recipe_toml_names(dependencies: DependencyApps) -> None:
    words = SsoSetup()
    client = words.register_at_provider("docs", "https://wiki.lab.test/back", roles_claim="groups")
    anna = words.enrol_at_provider("anna", "member")
    realm = dependencies.sign_in_realm()
    assert isinstance(realm, Notebook)
    assert (realm.url, realm.name) == (ELSEWHERE.url, "wiki-20260101-000000-abcd")
    assert realm.secrets == {"admin_token": "the administrator's token"}
    assert (client.client_id, client.roles_claim) == ("docs", "groups") and client.secret
    words.disable_at_provider("anna")
    password = words.password_at_provider("anna").value
    assert realm.asked == [
        ("register", client, Registration("https://wiki.lab.test/back", roles_claim="groups")),
        ("enrol", "anna", password, "member"),
        ("disable", "anna"),
    ]
    assert anna == User("17", "anna", "anna@example.org")
    assert words.name_of_provider() == "authentik"
    assert words.address_of_provider() == ELSEWHERE.url


def test_the_app_is_told_of_its_provider_by_the_table(
    dependencies: DependencyApps, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []
    wiki = App("wiki", "wiki.lab.test", "wiki_lab_test", "https://wiki.lab.test")
    run = cast(Any, dependencies.run)
    run.driver.app, run.driver.wire_sign_in = wiki, told.append
    issuer = f"{ELSEWHERE.url}/application/o/{dependencies.realm_name}/"
    known = Provider(issuer, "a", "t", "u", "k", "e", (), ())
    monkeypatch.setattr(oidc, "discover", lambda client, asked: known if asked == issuer else None)
    words = SsoSetup()
    client = words.register_at_provider("docs", "https://wiki.lab.test/back", roles_claim="groups")
    words.wire_sign_in(client, name="Guild", id="guild", role="member")
    way = WayIn("Guild", "guild", "member")
    assert told == [placeholders(known, ELSEWHERE, dependencies.realm_name, client, wiki, way)]
    assert told[0]["discovery_url"] == f"{issuer}.well-known/openid-configuration"


def test_the_app_is_told_of_its_forge_by_the_same_table(dependencies: DependencyApps) -> None:
    """It is no provider: it has an address, and nothing that a discovery document has."""
    told: list[dict[str, str]] = []
    wiki = App("wiki", "wiki.lab.test", "wiki_lab_test", "https://wiki.lab.test")
    run = cast(Any, dependencies.run)
    run.driver.app, run.driver.wire_sign_in = wiki, told.append
    back = "https://wiki.lab.test/login"
    SsoSetup().wire_sign_in_at_forge("authentik", "docs", Secret("hush"), back)
    assert told == [
        {
            "provider_url": ELSEWHERE.url,
            "provider_domain": ELSEWHERE.domain,
            "client_id": "docs",
            "client_secret": "hush",
            "redirect_url": back,
            "domain": wiki.domain,
            "url": wiki.url,
        }
    ]


def test_a_refusal_of_the_provider_says_nothing_of_the_app(dependencies: DependencyApps) -> None:
    del dependencies
    with pytest.raises(Incomplete, match="The provider 'authentik' failed: nobody is called otto"):
        SsoSetup().user_at_provider("otto")


def test_without_its_provider_the_words_say_so(dependencies: DependencyApps) -> None:
    dependencies.failures["authentik"] = "it did not converge"
    words = SsoSetup()
    for ask in (words.prepare_provider, words.provider_of_sign_in, words.address_of_provider):
        with pytest.raises(Incomplete, match="'authentik' did not deploy: it did not converge"):
            ask()


def test_a_recipe_without_sso_is_told_where_it_is_named(dependencies: DependencyApps) -> None:
    dependencies.run.config = RecipeConfig()
    with pytest.raises(Incomplete, match=r"wiki/recipe.toml has no \[sso\] with a provider"):
        SsoSetup().name_of_provider()


def test_a_provider_without_a_place_here_is_refused_before_anything_starts() -> None:
    check_provider("gitea", RecipeConfig())
    check_provider("gitea", RecipeConfig(sso=Sso(provider="keycloak")))
    check_provider("gitea", RecipeConfig(sso=Sso(provider="authentik", setup_script="wire.sh")))
    with pytest.raises(Misuse, match="cannot set up sign-in at 'authentik'; it can at keycloak"):
        check_provider("gitea", RecipeConfig(sso=Sso(provider="authentik")))


def test_roles_without_a_claim_for_them_are_refused() -> None:
    with pytest.raises(Misuse, match="only_roles needs roles_claim"):
        Registration("https://wiki.lab.test/back", only_roles=("member",))
