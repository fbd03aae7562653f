"""Where the users of the app under test sign in: one realm at a provider, alike for all providers.

A provider is one more class with the methods of `SignInProvider`, under its recipe's name in
`PROVIDERS`; what its pages look like is said in `resources/<recipe>-pages.resource`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig
from ccci.sso.keycloak import ADMIN_REALM, KeycloakAdmin
from ccci.sso.oidc import OidcClient, User
from ccci.web.http import Client


class SignInRealm(Protocol):
    """One app's realm at a provider: the roles and people there, and the app as they meet it.

    Each method raises RecipeFailure, with the provider's answer, when the provider refuses.
    """

    @property
    def issuer(self) -> str:
        """The address by which apps know the realm (OpenID Connect Discovery 1.0, section 3)."""

    def make(self, *roles: str) -> None:
        """Make the realm with these roles and nobody in it, instead of the one of before."""

    def register(self, client: OidcClient, back: str, pkce: bool, roles_claim: str) -> None:
        """Make the app known, confidential and with the code grant.

        Args:
            client: its name and secret.
            back: where a sign-in comes back to.
            pkce: demand PKCE (S256) of it.
            roles_claim: the claim of its ID tokens that lists a user's roles; "" for none.
        """

    def enrol(self, username: str, password: str, *roles: str) -> User:
        """Make a user who can sign in at once, with these roles."""

    def user(self, username: str) -> User:
        """Return a user who was enrolled."""


class SignInProvider(Protocol):
    """A live provider, as one administrator of it; each method raises as those of a realm do."""

    def realm(self, name: str) -> SignInRealm:
        """Return the realm of that name; nothing is made yet."""

    def delegate(self, name: str, password: str) -> dict[str, str]:
        """Make an administrator who can make realms and sees no realm of anybody else's.

        Returns the secrets to give to the provider's entry in `PROVIDERS` to be that administrator.
        """


class KeycloakRealm:
    """A realm of a Keycloak; see `SignInRealm`."""

    def __init__(self, admin: KeycloakAdmin, name: str) -> None:
        """Take who makes it, and its name."""
        self._admin, self._realm = admin, admin.realm(name)

    @property
    def issuer(self) -> str:
        """The realm's address."""
        return self._realm.issuer

    def make(self, *roles: str) -> None:
        """Make the realm anew."""
        if self._admin.has_realm(self._realm.name):
            self._admin.delete_realm(self._realm.name)
        self._admin.make_realm(self._realm.name)
        for role in roles:
            self._admin.make_role(self._realm, role)

    def register(self, client: OidcClient, back: str, pkce: bool, roles_claim: str) -> None:
        """Make a client of the realm."""
        self._admin.make_client(self._realm, client, [back], pkce=pkce, roles_claim=roles_claim)

    def enrol(self, username: str, password: str, *roles: str) -> User:
        """Make a user of the realm."""
        return self._admin.make_user(self._realm, username, password, *roles)

    def user(self, username: str) -> User:
        """Return a user of the realm."""
        return self._admin.user(self._realm, username)


class KeycloakProvider:
    """A Keycloak; see `SignInProvider`."""

    def __init__(self, http: Client, url: str, secrets: Mapping[str, str]) -> None:
        """Take its address, and the secrets of its recipe or of a delegate."""
        name = secrets.get("admin_name", "admin")
        self._admin = KeycloakAdmin(http, url, name, secrets["admin_password"])

    def realm(self, name: str) -> KeycloakRealm:
        """Return a realm."""
        return KeycloakRealm(self._admin, name)

    def delegate(self, name: str, password: str) -> dict[str, str]:
        """Make an administrator with the role to make realms, and no other."""
        self._admin.make_user(self._admin.realm(ADMIN_REALM), name, password, "create-realm")
        return {"admin_name": name, "admin_password": password}


# Provider to a function of its address and its secrets, by the names that its recipe gives them.
OpenProvider = Callable[[Client, str, Mapping[str, str]], SignInProvider]
PROVIDERS: dict[str, OpenProvider] = {"keycloak": KeycloakProvider}


def check_provider(recipe: str, config: RecipeConfig) -> None:
    """Look whether this project can set up sign-in at a recipe's provider.

    Raises:
        Misuse: it cannot, and the recipe has no setup script of its own.
    """
    sso = config.sso
    if sso and not sso.setup_script and sso.provider not in PROVIDERS:
        raise Misuse(
            f"[sso] of '{recipe}': this project cannot set up sign-in at '{sso.provider}'; it can "
            f"at {', '.join(PROVIDERS)}. Name a setup_script, or add the provider as "
            "docs/enroll-recipe.md says."
        )
