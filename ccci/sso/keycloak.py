"""The part of Keycloak's admin REST API that sets up sign-in for another app.

Its paths are Keycloak's own. Those of OpenID Connect are read from the discovery document (see
`oidc`).
Source: https://www.keycloak.org/docs-api/latest/rest-api/index.html
"""

import json
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccci.errors import RecipeFailure
from ccci.sso.oidc import (
    GrantRefused,
    OidcClient,
    Registration,
    User,
    discover,
    password_grant,
)
from ccci.web.http import Client, Response

# Every Keycloak has the realm of the administrators and the client of its command line.
ADMIN_REALM = "master"
ADMIN_CLIENT = OidcClient("admin-cli")
_RENEW_BEFORE_SECONDS = 15


@dataclass(frozen=True)
class Realm:
    """A realm: its name, and its address as an issuer of tokens."""

    name: str
    issuer: str


class KeycloakAdmin:
    """The admin API of one Keycloak, as one administrator."""

    def __init__(self, http: Client, url: str, username: str, password: str) -> None:
        """Set the address and the credentials; the first call signs in.

        Args:
            http: a client that trusts the server's certificate.
            url: the address of the Keycloak, without a slash at its end.
            username: the administrator's name.
            password: the administrator's password.
        """
        self.url = url
        self._http, self._username, self._password = http, username, password
        self._token, self._renew_at = "", 0.0

    def realm(self, name: str) -> Realm:
        """Return the realm of that name, whether it has been made or not."""
        return Realm(name, f"{self.url}/realms/{urllib.parse.quote(name)}")

    def make_realm(self, name: str, **settings: object) -> Realm:
        """Make a realm with these settings (names as in the API), enabled."""
        self._call("POST", "", {"realm": name, "enabled": True, **settings}, expect=201)
        return self.realm(name)

    def has_realm(self, name: str) -> bool:
        """Return whether there is a realm of that name."""
        answer = self._send("GET", self._path(name))
        if answer.status not in (200, 404):
            raise _unexpected(answer, "GET", "200 or 404")
        return answer.status == 200

    def delete_realm(self, name: str) -> None:
        """Delete a realm with all that is in it."""
        self._call("DELETE", self._path(name), expect=204)

    def make_client(
        self, realm: Realm, client: OidcClient, needs: Registration, token_seconds: int = 300
    ) -> None:
        """Register an app: with a secret for all grants, without one for the code grant only.

        Args:
            realm: where.
            client: its name and secret; without a secret it is a public client.
            needs: what else it needs.
            token_seconds: how long its access tokens are valid.
        """
        confidential = bool(client.secret)
        own_audience = {
            "name": "its own name as audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {
                "included.client.audience": client.client_id,
                "access.token.claim": "true",
                "id.token.claim": "false",
            },
        }
        # A mapper of realm roles lists also those that every user of a realm has.
        kind = "client" if needs.only_roles else "realm"
        roles = {
            "name": "roles of the user",
            "protocol": "openid-connect",
            "protocolMapper": f"oidc-usermodel-{kind}-role-mapper",
            "config": {
                "usermodel.clientRoleMapping.clientId": client.client_id,
                "claim.name": needs.roles_claim,
                "jsonType.label": "String",
                "multivalued": "true",
                "id.token.claim": "true",
                "userinfo.token.claim": "true",
            },
        }
        wanted = {
            "clientId": client.client_id,
            "protocol": "openid-connect",
            "publicClient": not confidential,
            **({"secret": client.secret} if confidential else {}),
            "standardFlowEnabled": bool(needs.back),
            "directAccessGrantsEnabled": confidential,
            "serviceAccountsEnabled": confidential,
            "redirectUris": [needs.back] if needs.back else [],
            "protocolMappers": [own_audience, *([roles] if needs.roles_claim else [])],
            "attributes": {
                **({"pkce.code.challenge.method": "S256"} if needs.pkce else {}),
                "access.token.lifespan": str(token_seconds),
                # A plus stands for the addresses of the sign-in.
                "post.logout.redirect.uris": needs.after_sign_out or "+",
            },
        }
        self._call("POST", self._path(realm.name, "clients"), wanted, expect=201)
        for role in needs.only_roles:
            self._give_with(realm, role, client.client_id)
        for scope in needs.scopes:
            self._allow_scope(realm, scope, client.client_id)

    def _give_with(self, realm: Realm, role: str, client_id: str) -> None:
        """Make a role of a client, which each user with the realm's role of that name has, too."""
        roles = self._path(realm.name, "clients", self._id_of(realm, client_id), "roles")
        self._call("POST", roles, {"name": role}, expect=201)
        made = self._call("GET", f"{roles}{self._path(role)}")
        whole = self._path(realm.name, "roles", role, "composites")
        self._call("POST", whole, [made], expect=204)

    def _allow_scope(self, realm: Realm, scope: str, client_id: str) -> None:
        """Let a client request a scope, which is made if the realm lacks it."""
        scopes = self._path(realm.name, "client-scopes")
        shown = {"include.in.token.scope": "true"}
        wanted = {"name": scope, "protocol": "openid-connect", "attributes": shown}
        if not any(one["name"] == scope for one in self._call("GET", scopes)):
            self._call("POST", scopes, wanted, expect=201)
        made = next(one for one in self._call("GET", scopes) if one["name"] == scope)
        client = self._path(realm.name, "clients", self._id_of(realm, client_id))
        path = f"{client}/optional-client-scopes{self._path(made['id'])}"
        self._call("PUT", path, expect=204)

    def _id_of(self, realm: Realm, client_id: str) -> str:
        query = urllib.parse.urlencode({"clientId": client_id})
        return str(self._call("GET", self._path(realm.name, "clients") + f"?{query}")[0]["id"])

    def make_role(self, realm: Realm, role: str) -> None:
        """Make a role of a realm."""
        self._call("POST", self._path(realm.name, "roles"), {"name": role}, expect=201)

    def make_user(self, realm: Realm, username: str, password: str, *roles: str) -> User:
        """Make a user who can sign in at once, with these realm roles."""
        email = f"{username}@example.org"
        wanted = {
            "username": username,
            "email": email,
            "emailVerified": True,
            "firstName": username.capitalize(),
            "lastName": "Example",
            "enabled": True,
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        self._call("POST", self._path(realm.name, "users"), wanted, expect=201)
        user = self.user(realm, username)
        for role in roles:
            self.grant_role(realm, user, role)
        return user

    def user(self, realm: Realm, username: str) -> User:
        """Return a user by name.

        Raises:
            RecipeFailure: there is no user of that name.
        """
        query = urllib.parse.urlencode({"username": username, "exact": "true"})
        found = self._call("GET", self._path(realm.name, "users") + f"?{query}")
        if not found:
            raise RecipeFailure(f"Expected realm {realm.name} to have a user {username}.")
        return User(str(found[0]["id"]), str(found[0]["username"]), str(found[0].get("email", "")))

    def grant_role(self, realm: Realm, user: User, role: str) -> None:
        """Give a realm role to a user."""
        path = self._path(realm.name, "users", user.id, "role-mappings", "realm")
        self._call("POST", path, [self._role(realm, role)], expect=204)

    def disable_user(self, realm: Realm, user: User) -> None:
        """Let a user sign in no more; the tokens that the user has are no longer active either."""
        self._call("PUT", self._path(realm.name, "users", user.id), {"enabled": False}, expect=204)

    def _role(self, realm: Realm, role: str) -> Any:
        return self._call("GET", self._path(realm.name, "roles", role))

    @staticmethod
    def _path(*parts: str) -> str:
        return "".join(f"/{urllib.parse.quote(part, safe='')}" for part in parts)

    def _call(self, method: str, path: str, content: object = None, expect: int = 200) -> Any:
        answer = self._send(method, path, content)
        if answer.status != expect:
            raise _unexpected(answer, method, str(expect))
        return json.loads(answer.body) if answer.status == 200 and answer.body else None

    def _send(self, method: str, path: str, content: object = None) -> Response:
        url = f"{self.url}/admin/realms{path}"
        body = None if content is None else json.dumps(content).encode()
        kind = {"Content-Type": "application/json"} if body else {}
        answer = self._http.request(method, url, {**self._bearer(), **kind}, body)
        if answer.status == 401 and self._token:
            # The token is of an earlier deployment, which has been replaced or restored.
            self._renew_at = 0.0
            answer = self._http.request(method, url, {**self._bearer(), **kind}, body)
        return answer

    def _bearer(self) -> Mapping[str, str]:
        if time.monotonic() >= self._renew_at:
            provider = discover(self._http, self.realm(ADMIN_REALM).issuer)
            got = password_grant(self._http, provider, ADMIN_CLIENT, self._username, self._password)
            if isinstance(got, GrantRefused):
                raise RecipeFailure(
                    f"The administrator {self._username} cannot sign in at {self.url}: {got}."
                )
            self._token = got.access_token
            self._renew_at = time.monotonic() + got.expires_in_seconds - _RENEW_BEFORE_SECONDS
        return {"Authorization": f"Bearer {self._token}"}


def _unexpected(answer: Response, method: str, expected: str) -> RecipeFailure:
    return RecipeFailure(
        f"Expected {method} {answer.url} to answer {expected}; it was {answer.status}: "
        f"{answer.text.strip()[:300]!r}"
    )
