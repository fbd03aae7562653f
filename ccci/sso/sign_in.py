"""Where the users of the app under test sign in: a realm at a provider, the same for all providers.

To add a provider, write a class with the methods of `SignInProvider` and add it to `PROVIDERS`
under its recipe's name; its sign-in page is described in `resources/<recipe>-pages.resource`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig
from ccci.sso.keycloak import ADMIN_REALM, KeycloakAdmin
from ccci.sso.oidc import OidcClient, Registration, User
from ccci.web.http import Client


class SignInRealm(Protocol):
    """One app's realm at a provider, with its roles, its users and the app as a client.

    Each method raises RecipeFailure, with the provider's answer, when the provider refuses.
    """

    @property
    def issuer(self) -> str:
        """The address of the realm for apps (OpenID Connect Discovery 1.0, section 3)."""

    def make(self, *roles: str) -> None:
        """Make the realm with these roles and without users; an earlier one is replaced."""

    def register(self, client: OidcClient, needs: Registration) -> None:
        """Register the app, by name and secret, as a confidential client with the code grant."""

    def enrol(self, username: str, password: str, *roles: str) -> User:
        """Make a user who can sign in at once, with these roles."""

    def disable(self, username: str) -> None:
        """Let a user sign in no more; the tokens that the user has are no longer active either."""

    def user(self, username: str) -> User:
        """Return a user who was enrolled."""


class SignInProvider(Protocol):
    """A live provider, as one of its administrators; methods raise as those of a realm do."""

    def realm(self, name: str) -> SignInRealm:
        """Return the realm of that name; nothing is made yet."""

    def delegate(self, name: str, password: str) -> dict[str, str]:
        """Make an administrator who can make realms, and cannot see those of others.

        Returns the secrets with which the provider's entry in `PROVIDERS` is that administrator.
        """


class KeycloakRealm:
    """A realm of a Keycloak; see `SignInRealm`."""

    def __init__(self, admin: KeycloakAdmin, name: str) -> None:
        """Set the administrator and the realm's name."""
        self._admin, self._realm = admin, admin.realm(name)

    @property
    def issuer(self) -> str:
        """The realm's address."""
        return self._realm.issuer

    def make(self, *roles: str) -> None:
        """Make the realm; an earlier one is deleted."""
        if self._admin.has_realm(self._realm.name):
            self._admin.delete_realm(self._realm.name)
        self._admin.make_realm(self._realm.name)
        for role in roles:
            self._admin.make_role(self._realm, role)

    def register(self, client: OidcClient, needs: Registration) -> None:
        """Make a client of the realm."""
        self._admin.make_client(self._realm, client, needs)

    def enrol(self, username: str, password: str, *roles: str) -> User:
        """Make a user of the realm."""
        return self._admin.make_user(self._realm, username, password, *roles)

    def disable(self, username: str) -> None:
        """Disable a user of the realm."""
        self._admin.disable_user(self._realm, self.user(username))

    def user(self, username: str) -> User:
        """Return a user of the realm."""
        return self._admin.user(self._realm, username)


class KeycloakProvider:
    """A Keycloak; see `SignInProvider`."""

    def __init__(self, http: Client, url: str, secrets: Mapping[str, str]) -> None:
        """Set its address, and the secrets of its recipe or of a delegate."""
        name = secrets.get("admin_name", "admin")
        self._admin = KeycloakAdmin(http, url, name, secrets["admin_password"])

    def realm(self, name: str) -> KeycloakRealm:
        """Return a realm."""
        return KeycloakRealm(self._admin, name)

    def delegate(self, name: str, password: str) -> dict[str, str]:
        """Make an administrator whose only role is to make realms."""
        self._admin.make_user(self._admin.realm(ADMIN_REALM), name, password, "create-realm")
        return {"admin_name": name, "admin_password": password}


# Makes a provider of a client, its address, and its secrets by their names in its recipe.
OpenProvider = Callable[[Client, str, Mapping[str, str]], SignInProvider]
PROVIDERS: dict[str, OpenProvider] = {"keycloak": KeycloakProvider}


def check_provider(recipe: str, config: RecipeConfig) -> None:
    """Check that this project can set up sign-in at a recipe's provider.

    Raises:
        Misuse: it cannot, and the recipe has no setup script.
    """
    sso = config.sso
    if sso and not sso.setup_script and sso.provider not in PROVIDERS:
        raise Misuse(
            f"[sso] of '{recipe}': this project cannot set up sign-in at '{sso.provider}'; it can "
            f"at {', '.join(PROVIDERS)}. Name a setup_script, or add the provider as described in "
            "docs/enroll-recipe.md."
        )
