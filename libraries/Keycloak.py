"""Keycloak as its administrator sees it: realms, clients, users and roles."""

import json

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.sso.keycloak import KeycloakAdmin, Realm
from ccci.sso.oidc import OidcClient, User
from ccci.sso.realm_export import MOVED, losses


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Keycloak:
    """Makes realms and what is in them, through the admin REST API.

    Every keyword takes the administrator that `Administer Keycloak` returned, so that one test can
    talk to several Keycloaks. Each fails when Keycloak answers otherwise than it should, and quotes
    the answer. How users sign in is another library's matter: Sso.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], KeycloakAdmin] = {}

    @project_keyword()
    def administer_keycloak(self, url: str, username: str, password: Secret) -> KeycloakAdmin:
        """Returns an administrator of the Keycloak at an address, who signs in when it is needed.

        Never fails.

        Example:
        | ${password}=    Credential    ${app.domain}/admin_password
        | ${admin}=    Administer Keycloak    ${app.url}    admin    ${password}
        """
        who = (url, username, password.value)
        if who not in self._known:
            self._known[who] = KeycloakAdmin(session.client, *who)
        return self._known[who]

    @project_keyword("assertion")
    def make_realm(self, admin: KeycloakAdmin, name: str, **settings: str) -> Realm:
        """Makes a realm, in place of one of that name, and returns its ``name`` and ``issuer``.

        ``settings`` are named as in the admin API. Fails when Keycloak does not make it.

        Example:
        | ${realm}=    Make Realm    ${admin}    staff    displayName=The staff
        """
        if admin.has_realm(name):
            admin.delete_realm(name)
        return admin.make_realm(name, **settings)

    @project_keyword()
    def realm_named(self, admin: KeycloakAdmin, name: str) -> Realm:
        """Returns the ``name`` and ``issuer`` of a realm, whether it is there or not.

        Never fails.

        Example:
        | ${realm}=    Realm Named    ${admin}    staff
        """
        return admin.realm(name)

    @project_keyword("assertion")
    def realm_should_be_there(self, admin: KeycloakAdmin, realm: Realm) -> None:
        """Fails unless the realm is among those that the admin API lists.

        Example:
        | Realm Should Be There    ${admin}    ${realm}
        """
        if realm.name not in admin.realm_names():
            raise RecipeFailure(
                f"Expected a realm {realm.name}; there are: {', '.join(admin.realm_names())}."
            )

    @project_keyword("assertion")
    def realm_should_be_missing(self, admin: KeycloakAdmin, realm: Realm) -> None:
        """Fails when there is a realm of that name.

        Example:
        | Realm Should Be Missing    ${admin}    ${realm}
        """
        if admin.has_realm(realm.name) or realm.name in admin.realm_names():
            raise RecipeFailure(f"Expected no realm {realm.name}; it is there.")

    @project_keyword("assertion")
    def make_client(
        self,
        admin: KeycloakAdmin,
        realm: Realm,
        client: OidcClient,
        *redirect_uris: str,
        token_seconds: int = 300,
        pkce: bool = True,
        roles_claim: str = "",
    ) -> None:
        """Registers an app. With a secret it may use all grants; PKCE is asked for.

        ``redirect_uris`` are where a sign-in may come back to. ``pkce=False`` is for an app that
        has none. With ``roles_claim`` its ID tokens list a user's roles under that name. Fails when
        Keycloak refuses.

        Example:
        | ${secret}=    Generate Password    wiki client
        | ${client}=    Oidc Client    wiki    ${secret}
        | Make Client    ${admin}    ${realm}    ${client}    ${app.url}/back
        """
        admin.make_client(realm, client, redirect_uris, token_seconds, pkce, roles_claim)

    @project_keyword("assertion")
    def client_should_be_there(self, admin: KeycloakAdmin, realm: Realm, client_id: str) -> None:
        """Fails unless the realm has a client of that name, enabled.

        Example:
        | Client Should Be There    ${admin}    ${realm}    wiki
        """
        found = admin.clients(realm)
        if not found.get(client_id, {}).get("enabled"):
            raise RecipeFailure(
                f"Expected realm {realm.name} to have a client {client_id}; it has: "
                f"{', '.join(sorted(found))}."
            )

    @project_keyword("assertion")
    def make_role(self, admin: KeycloakAdmin, realm: Realm, role: str, *parts: str) -> None:
        """Makes a role of the realm. Who has it has the roles that are its ``parts`` too.

        Fails when Keycloak refuses.

        Example:
        | Make Role    ${admin}    ${realm}    editor
        | Make Role    ${admin}    ${realm}    head editor    editor
        """
        admin.make_role(realm, role, *parts)

    @project_keyword("assertion")
    def make_group(self, admin: KeycloakAdmin, realm: Realm, group: str, *roles: str) -> None:
        """Makes a group of the realm, whose members have these roles. Fails when Keycloak refuses.

        Example:
        | Make Group    ${admin}    ${realm}    editors    editor
        """
        admin.make_group(realm, group, *roles)

    @project_keyword("assertion")
    def put_in_group(self, admin: KeycloakAdmin, realm: Realm, user: User, group: str) -> None:
        """Makes a user a member of a group. Fails when Keycloak refuses.

        Example:
        | Put In Group    ${admin}    ${realm}    ${anna}    editors
        """
        admin.add_to_group(realm, user, group)

    @project_keyword("assertion")
    def make_user(
        self, admin: KeycloakAdmin, realm: Realm, username: str, password: Secret, *roles: str
    ) -> User:
        """Makes a user who can sign in at once and returns ``id``, ``username`` and ``email``.

        ``roles`` are roles of the realm. Fails when Keycloak refuses.

        Example:
        | ${password}=    Generate Password    anna
        | Make User    ${admin}    ${realm}    anna    ${password}    editor
        """
        return admin.make_user(realm, username, password.value, *roles)

    @project_keyword("assertion")
    def user_named(self, admin: KeycloakAdmin, realm: Realm, username: str) -> User:
        """Returns a user's ``id``, ``username`` and ``email``. Fails when there is none.

        Example:
        | ${anna}=    User Named    ${admin}    ${realm}    anna
        """
        return admin.user(realm, username)

    @project_keyword("assertion")
    def allow_to_administer(
        self, admin: KeycloakAdmin, realm: Realm, user: User, right: str
    ) -> None:
        """Gives a user one right of their realm's administrators, such as ``view-users``.

        Fails when there is no such right.

        Example:
        | Allow To Administer    ${admin}    ${realm}    ${user}    view-users
        """
        admin.grant_client_role(realm, user, "realm-management", right)

    @project_keyword("assertion")
    def set_user_password(
        self, admin: KeycloakAdmin, realm: Realm, user: User, password: Secret
    ) -> None:
        """Gives a user another password. Fails when Keycloak refuses.

        Example:
        | Set User Password    ${admin}    ${realm}    ${anna}    ${another}
        """
        admin.set_password(realm, user, password.value)

    @project_keyword("assertion")
    def disable_user(self, admin: KeycloakAdmin, realm: Realm, user: User) -> None:
        """Shuts a user out. Fails when Keycloak refuses.

        Example:
        | Disable User    ${admin}    ${realm}    ${anna}
        """
        admin.disable_user(realm, user)

    @project_keyword("assertion")
    def delete_user(self, admin: KeycloakAdmin, realm: Realm, user: User) -> None:
        """Deletes a user. Fails when Keycloak refuses.

        Example:
        | Delete User    ${admin}    ${realm}    ${anna}
        """
        admin.delete_user(realm, user)

    @project_keyword("assertion")
    def users_should_be_shown_to(
        self, admin: KeycloakAdmin, realm: Realm, token: Secret, status: int = 200
    ) -> None:
        """Fails unless the list of the realm's users answers a token with this status.

        Example:
        | Users Should Be Shown To    ${admin}    ${realm}    ${tokens.access}
        | Users Should Be Shown To    ${admin}    ${realm}    ${others.access}    status=403
        """
        seen = admin.status_for(token.value, realm)
        if seen != status:
            raise RecipeFailure(f"Expected the list of users to answer {status}; it was {seen}.")

    @project_keyword("assertion")
    def realm_export(self, admin: KeycloakAdmin, realm: Realm) -> str:
        """Returns Keycloak's own export of a realm, whole: settings, clients, roles, groups.

        Secrets in it are masked; users are not in it. Fails when Keycloak does not export it.

        Example:
        | ${before}=    Realm Export    ${admin}    ${realm}
        """
        return json.dumps(admin.export(realm), indent=1, sort_keys=True)

    @project_keyword("assertion")
    def realm_should_be_as_exported(
        self, admin: KeycloakAdmin, realm: Realm, before: str | bytes
    ) -> None:
        """Fails unless Keycloak exports the realm as before, and names each difference.

        Of the same version the two must be equal but for the order of lists. A newer version may
        have added to the realm, and every value of before must still be there.

        Example:
        | Realm Should Be As Exported    ${admin}    ${realm}    ${before}
        """
        found = losses(json.loads(before), admin.export(realm), MOVED)
        if found:
            raise RecipeFailure(
                f"Expected realm {realm.name} to be exported as before; {len(found)} differ:\n"
                + "\n".join(found[:20])
            )

    @project_keyword("assertion")
    def keycloak_version(self, admin: KeycloakAdmin) -> str:
        """Returns the version that the server says it is. Fails when it does not say so.

        Example:
        | ${version}=    Keycloak Version    ${admin}
        """
        return admin.version()
