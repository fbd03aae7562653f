"""Single sign-on of the app under test: its realm at the provider that recipe.toml names."""

from collections.abc import Iterator
from contextlib import contextmanager

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import NodeFailure, RecipeFailure
from ccci.sso import oidc
from ccci.sso.form_sign_in import sign_in_by_form
from ccci.sso.oidc import Provider, Registration, User
from ccci.sso.placeholders import RegisteredApp, WayIn, placeholders, placeholders_at_forge
from ccci.sso.sign_in import SignInRealm
from ccci.web.callers import CookieSession


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class SsoSetup:
    """Registers the app and its users at the provider, and configures the app for the provider.

    The keywords are the same for every provider; `[sso]` `provider` in recipe.toml chooses it. Each
    run has a realm of its own. When the provider fails the test is incomplete, because that says
    nothing about the app.
    """

    @project_keyword()
    def name_of_provider(self) -> str:
        """Returns the recipe of the provider, as `[sso]` in recipe.toml names it.

        Fails when recipe.toml has no `[sso]`.

        Example:
        | ${name}=    Name Of Provider
        """
        return session.dependencies.provider

    @project_keyword()
    def provider_is_there(self) -> bool:
        """Returns True when recipe.toml names a provider and it deployed.

        Never fails. Meant for seeds: without a provider, their other parts are still checked.

        Example:
        | ${there}=    Provider Is There
        | IF    $there    Link To The Provider    pia    otto
        """
        return session.dependencies.can_sign_in

    @project_keyword()
    def address_of_provider(self) -> str:
        """Returns the address of the provider, without a slash at its end.

        Fails when the provider did not deploy.

        Example:
        | ${address}=    Address Of Provider
        | Get Url    ^=    ${address}/
        """
        dependencies = session.dependencies
        return dependencies.get(dependencies.provider).url

    @project_keyword()
    def prepare_provider(self, *roles: str) -> Provider:
        """Creates the app's realm at the provider, with these roles and no users.

        Replaces the realm of an earlier call. Returns what its discovery document says; see `Sso
        Provider`. Meant for a recipe's `Prepare Sign-In`. Fails when the provider refuses.

        Example:
        | Prepare Provider    member
        | ${client}=    Register At Provider    git    ${app.url}/back
        """
        with _asking() as realm:
            realm.make(*roles)
            return oidc.discover(session.client, realm.issuer)

    @project_keyword()
    def provider_of_sign_in(self) -> Provider:
        """Returns what the realm's discovery document says; see `Sso Provider`.

        Fails when the provider does not serve it.

        Example:
        | ${provider}=    Provider Of Sign In
        | Should Be Equal    ${asked.page}    ${provider.authorization_endpoint}
        """
        with _asking() as realm:
            return oidc.discover(session.client, realm.issuer)

    @project_keyword()
    def register_at_provider(
        self,
        client_id: str,
        back: str,
        pkce: bool = True,
        roles_claim: str = "",
        only_roles: list[str] | None = None,
        scopes: list[str] | None = None,
        after_sign_out: str = "",
    ) -> RegisteredApp:
        """Registers the app as a confidential client with a new secret, and returns the client.

        ``back`` is the redirect URI. The provider requires PKCE; ``pkce=False`` is for an app that
        does not support it. With ``roles_claim`` the ID tokens list a user's roles in that claim;
        with ``only_roles`` only these roles, and who has none of them has no such claim.
        ``scopes`` are further scopes that the app may request. ``after_sign_out`` is where people
        come back to who signed out; without it, where a sign-in may lead.

        The client has ``client_id``, ``secret``, ``back`` and ``roles_claim``. Fails when the
        provider refuses.

        Example:
        | ${client}=    Register At Provider    git    ${app.url}/back    roles_claim=roles
        | Wire Sign In    ${client}    name=Guild    role=member
        """
        secret = session.credentials.generate(f"sign-in client {client_id}")
        client = RegisteredApp(client_id, secret, back, roles_claim)
        with _asking() as realm:
            needs = Registration(
                back,
                pkce,
                roles_claim,
                tuple(only_roles or ()),
                tuple(scopes or ()),
                after_sign_out,
            )
            realm.register(client, needs)
        return client

    @project_keyword()
    def wire_sign_in(
        self, client: RegisteredApp, name: str = "SSO", id: str = "sso", role: str = ""
    ) -> None:
        """Configures sign-in in the app, as ``[[sign_in.wiring]]`` in recipe.toml says.

        Uses the first wiring whose names the deployed commit has: adds its overlay to
        ``COMPOSE_FILE``, writes its settings and inserts its secret. ``name`` is the text on the
        button, ``id`` is the app's short name for this way to sign in, and ``role`` is the role
        that users need.

        Meant for a recipe's `Prepare Sign-In`. Fails when recipe.toml has no wiring. A release that
        no wiring fits is deployed without sign-in; the upgrade to the head then adds it.

        Example:
        | ${client}=    Register At Provider    git    ${app.url}/back    roles_claim=roles
        | Wire Sign In    ${client}    name=Guild    role=member
        """
        dependencies = session.dependencies
        with _asking() as realm:
            provider = oidc.discover(session.client, realm.issuer)
        values = placeholders(
            provider,
            dependencies.get(dependencies.provider),
            dependencies.realm_name,
            client,
            session.app,
            WayIn(name, id, role),
        )
        session.driver.wire_sign_in(values)

    @project_keyword()
    def wire_sign_in_at_forge(self, forge: str, client_id: str, secret: Secret, back: str) -> None:
        """Configures sign-in at a forge, as ``[[sign_in.wiring]]`` in recipe.toml says.

        ``forge`` is a recipe that recipe.toml requires; ``client_id`` and ``secret`` are those of
        the app there, which comes back to ``back``. It is no provider of ``[sso]``: of the
        placeholders only ``{provider_url}``, ``{provider_domain}``, ``{client_id}``,
        ``{client_secret}``, ``{redirect_url}``, ``{domain}`` and ``{url}`` have a value.

        Meant for a recipe's `Prepare The App`. Fails when recipe.toml has no wiring. If the forge
        did not deploy, the run is incomplete.

        Example:
        | Wire Sign In At Forge    gitea    ${client_id}    ${secret}    ${app.url}/login
        """
        client = RegisteredApp(client_id, str(secret.value), back)
        there = session.dependencies.get(forge)
        session.driver.wire_sign_in(placeholders_at_forge(there, client, session.app))

    @project_keyword()
    def enrol_at_provider(self, name: str, *roles: str) -> User:
        """Creates a user with a generated password and these roles.

        Returns ``id``, ``username`` and ``email``. Fails when the provider refuses.

        Example:
        | Enrol At Provider    mona    member
        | Enrol At Provider    olga
        """
        password = session.credentials.generate(f"sign-in user {name}")
        with _asking() as realm:
            return realm.enrol(name, password, *roles)

    @project_keyword()
    def disable_at_provider(self, name: str) -> None:
        """Disables a user: they can no longer sign in, and their tokens are reported as inactive.

        For apps that accept every user of the provider. Fails when the provider refuses, or has no
        user of that name.

        Example:
        | Enrol At Provider    olga
        | Disable At Provider    olga
        """
        with _asking() as realm:
            realm.disable(name)

    @project_keyword("assertion")
    def sign_in_through_provider(
        self, name: str, path: str, csrf_header: str = "", csrf_cookie: str = ""
    ) -> CookieSession:
        """Signs an enrolled user in as a browser does, and returns the session, for ``by``.

        ``path`` is where the app begins a sign-in. The app leads to the provider, whose form is
        filled in, and the provider leads back. The session's field ``answer`` is what the app then
        answered. The app may still refuse the user: look at what it says of who is signed in.
        ``csrf_header`` and ``csrf_cookie`` are as for `Accounts.Sign In With Cookie`.

        Fails when the app does not lead to the provider. If the provider does not lead back, the
        test is incomplete. Works where the provider's page is an HTML form.

        Example:
        | ${mona}=    Sign In Through Provider    mona    /login
        | ${me}=    Call API    GET    /api/me    by=${mona}
        """
        password = session.credentials.get(f"sign-in user {name}")
        empty = CookieSession(name, csrf_header=csrf_header, csrf_cookie=csrf_cookie)
        start = f"{session.app.url}/{path.lstrip('/')}"
        made = sign_in_by_form(session.client, start, empty, name, password)
        for cookie in made.cookies:
            hide(f"cookie {cookie.name} of {name}", cookie.value or "")
        return made

    @project_keyword()
    def user_at_provider(self, name: str) -> User:
        """Returns the ``id``, ``username`` and ``email`` of a user who was enrolled.

        Fails when the provider has no user of that name.

        Example:
        | ${mona}=    User At Provider    mona
        | Should Be Equal    ${person.login_name}    ${mona.id}
        """
        with _asking() as realm:
            return realm.user(name)

    @project_keyword()
    def password_at_provider(self, name: str) -> Secret:
        """Returns the password of a user who was enrolled.

        Fails when no user of that name was enrolled.

        Example:
        | ${password}=    Password At Provider    mona
        | Fill Secret    id=password    $password
        """
        return Secret(session.credentials.get(f"sign-in user {name}"))


@contextmanager
def _asking() -> Iterator[SignInRealm]:
    dependencies = session.dependencies
    realm = dependencies.sign_in_realm()
    try:
        yield realm
    except RecipeFailure as error:
        raise NodeFailure(f"The provider '{dependencies.provider}' failed: {error}") from error
