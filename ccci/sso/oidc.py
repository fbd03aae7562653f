"""OpenID Connect as an app uses it: discovery, grants, sign-in and sign-out.

Nothing here depends on the provider: every address is read from its discovery document.
"""

import base64
import hashlib
import secrets
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ccci.errors import Misuse, RecipeFailure
from ccci.web.http import Client, Response
from ccci.web.jsonview import read_json

# What the specification adds to an issuer's address (OpenID Connect Discovery 1.0, section 4).
DISCOVERY = "/.well-known/openid-configuration"
SCOPES = "openid profile email"


@dataclass(frozen=True)
class Provider:
    """A provider's discovery document; the fields are named as in it.

    `addresses` has every address in the document, at whatever depth.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    grant_types_supported: tuple[str, ...]
    code_challenge_methods_supported: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    introspection_endpoint: str = ""


@dataclass(frozen=True)
class OidcClient:
    """An app that is registered at a provider; a public one has no secret."""

    client_id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Registration:
    """What an app needs at its provider, beside its name and secret.

    Attributes:
        back: the address to which a sign-in returns; "" disables the code grant.
        pkce: require PKCE (S256) of it.
        roles_claim: the claim of its ID tokens that lists a user's roles; "" for none.
        only_roles: the roles that this claim lists; by default all. Who has none of them has no
            such claim.
        scopes: further scopes that it may request.
        after_sign_out: the address to which a sign-out returns; "" for where a sign-in may.
    """

    back: str
    pkce: bool = True
    roles_claim: str = ""
    only_roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    after_sign_out: str = ""

    def __post_init__(self) -> None:
        """Check that the roles have a claim.

        Raises:
            Misuse: there are roles, and no claim for them.
        """
        if self.only_roles and not self.roles_claim:
            raise Misuse("Which claim has these roles? only_roles needs roles_claim.")


@dataclass(frozen=True)
class User:
    """A user of a provider: the provider's id of them (`sub`), their name and address."""

    id: str
    username: str
    email: str


@dataclass(frozen=True)
class TokenSet:
    """The tokens that a token endpoint issued; "" for one that it did not issue."""

    access_token: str = field(repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in_seconds: int = 0


@dataclass(frozen=True)
class GrantRefused:
    """The answer of a token endpoint that refuses a request (RFC 6749, section 5.2)."""

    status: int
    error: str
    description: str

    def __str__(self) -> str:
        return f"{self.status} {self.error} ({self.description})"


@dataclass(frozen=True)
class AuthorizationRequest:
    """One sign-in by authorization code with PKCE: the address for the browser, and our secrets."""

    url: str
    redirect_uri: str
    state: str
    nonce: str
    verifier: str = field(repr=False)


def discover(http: Client, issuer: str) -> Provider:
    """Read a provider's discovery document.

    Args:
        http: a client that trusts the provider's certificate.
        issuer: its address, as apps have it in their settings.

    Raises:
        RecipeFailure: there is none, it has no address of an endpoint, or has another issuer.

    Example:
        ``discover(client, "https://sso.example.org/realms/staff").token_endpoint``
    """
    url = issuer.rstrip("/") + DISCOVERY
    document = read_object(http.request("GET", url), 200)
    seen = str(document.get("issuer", ""))
    if seen != issuer:
        raise RecipeFailure(f"Expected {url} to have the issuer {issuer}; it has {seen!r}.")
    try:
        return Provider(
            issuer=seen,
            authorization_endpoint=str(document["authorization_endpoint"]),
            token_endpoint=str(document["token_endpoint"]),
            userinfo_endpoint=str(document["userinfo_endpoint"]),
            jwks_uri=str(document["jwks_uri"]),
            end_session_endpoint=str(document.get("end_session_endpoint", "")),
            grant_types_supported=tuple(document.get("grant_types_supported", ())),
            code_challenge_methods_supported=tuple(
                document.get("code_challenge_methods_supported", ())
            ),
            addresses=tuple(_addresses_in(document)),
            introspection_endpoint=str(document.get("introspection_endpoint", "")),
        )
    except KeyError as missing:
        raise RecipeFailure(f"{url} has no {missing.args[0]}.") from None


def _addresses_in(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _addresses_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _addresses_in(inner)


def password_grant(
    http: Client,
    provider: Provider,
    client: OidcClient,
    username: str,
    password: str,
    scope: str = "",
) -> TokenSet | GrantRefused:
    """Request tokens with a user's name and password; `scope` names further scopes."""
    form = {"username": username, "password": password, "scope": f"{SCOPES} {scope}".strip()}
    return _grant(http, provider, client, "password", form)


def client_credentials_grant(
    http: Client, provider: Provider, client: OidcClient
) -> TokenSet | GrantRefused:
    """Request a token with the client's own credentials."""
    return _grant(http, provider, client, "client_credentials", {"scope": "openid"})


def refresh_grant(
    http: Client, provider: Provider, client: OidcClient, refresh_token: str
) -> TokenSet | GrantRefused:
    """Request new tokens with a refresh token."""
    return _grant(http, provider, client, "refresh_token", {"refresh_token": refresh_token})


def code_grant(
    http: Client, provider: Provider, client: OidcClient, asked: AuthorizationRequest, code: str
) -> TokenSet | GrantRefused:
    """Request tokens with the code of a sign-in and the PKCE verifier."""
    form = {
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier,
    }
    return _grant(http, provider, client, "authorization_code", form)


def log_out(http: Client, provider: Provider, client: OidcClient, id_token: str) -> None:
    """End the session of an ID token (OpenID Connect RP-Initiated Logout 1.0).

    An app sends the user's browser there. Here no cookie of the browser is sent: the ID token alone
    identifies the session.

    Raises:
        RecipeFailure: the provider has no address for it, or refuses.
    """
    if not provider.end_session_endpoint:
        raise RecipeFailure(f"The provider {provider.issuer} has no end_session_endpoint.")
    form = {"id_token_hint": id_token, "client_id": client.client_id}
    answer = _post(http, provider.end_session_endpoint, form)
    if answer.status != 200:
        raise RecipeFailure(f"Expected the session to end; the provider answered {_text(answer)}.")


def user_info(http: Client, provider: Provider, access_token: str) -> Response:
    """Request the user of a token: the simplest call that needs a valid token."""
    return call(http, provider.userinfo_endpoint, access_token)


def call(http: Client, address: str, access_token: str = "") -> Response:
    """Request JSON from a protected address, with an access token (RFC 6750) or without."""
    bearer = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    return http.request("GET", address, {"Accept": "application/json", **bearer})


def another_user(answered: Mapping[str, Any], subject: str, username: str) -> str:
    """Return what shows that an answer is not about a user; "" when it is about them.

    Example:
        >>> another_user({"sub": "7", "preferred_username": "anna"}, "7", "anna")
        ''
        >>> another_user({"login": "bruno"}, "7", "anna")
        "has the user name ['bruno']"
    """
    if answered.get("sub", subject) != subject:
        return f"has the sub {answered['sub']!r}"
    keys = ("preferred_username", "username", "login")
    names = [answered[key] for key in keys if key in answered]
    return "" if names and set(names) == {username} else f"has the user name {names}"


def begin_sign_in(
    provider: Provider, client: OidcClient, redirect_uri: str, scopes: str = SCOPES
) -> AuthorizationRequest:
    """Make an authorization request with PKCE (S256), a fresh state and a fresh nonce."""
    verifier, state, nonce = (secrets.token_urlsafe(48) for _ in range(3))
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": scopes,
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
    }
    url = f"{provider.authorization_endpoint}?{urllib.parse.urlencode(query)}"
    return AuthorizationRequest(url, redirect_uri, state, nonce, verifier)


def code_in(asked: AuthorizationRequest, arrived_at: str) -> str:
    """Return the code in the address to which the browser was redirected.

    Raises:
        RecipeFailure: it is another page, or has an error or the state of another sign-in.
    """
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(arrived_at).query))
    place = arrived_at.partition("?")[0]
    if place != asked.redirect_uri or "code" not in query:
        instead = query.get("error_description") or query.get("error") or "no code"
        raise RecipeFailure(
            f"Expected the sign-in to return to {asked.redirect_uri} with a code; it returned to "
            f"{place} with {instead}."
        )
    if not secrets.compare_digest(query.get("state", ""), asked.state):
        raise RecipeFailure("The sign-in returned with another state than it began with.")
    return query["code"]


def read_object(answer: Response, status: int) -> dict[str, Any]:
    """Return the JSON object in an answer.

    Raises:
        RecipeFailure: the answer has another status, or is not a JSON object.
    """
    if answer.status != status:
        raise RecipeFailure(f"Expected {answer.url} to answer {status}; it was {_text(answer)}.")
    try:
        content = read_json(answer.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RecipeFailure(f"Expected a JSON object from {answer.url}; got {_text(answer)}.")
    return content


Grant = Literal["password", "client_credentials", "refresh_token", "authorization_code"]


def _grant(
    http: Client, provider: Provider, client: OidcClient, grant: Grant, form: Mapping[str, str]
) -> TokenSet | GrantRefused:
    whole = {"grant_type": grant, **_authentication(client), **form}
    answer = _post(http, provider.token_endpoint, whole)
    if answer.status in (400, 401, 403):
        error = read_object(answer, answer.status)
        return GrantRefused(
            answer.status, str(error.get("error", "")), str(error.get("error_description", ""))
        )
    content = read_object(answer, 200)
    if str(content.get("token_type", "")).lower() != "bearer" or not content.get("access_token"):
        raise RecipeFailure(f"{provider.token_endpoint} answered 200 without a bearer token.")
    return TokenSet(
        str(content["access_token"]),
        str(content.get("id_token", "")),
        str(content.get("refresh_token", "")),
        int(content.get("expires_in", 0)),
    )


def _authentication(client: OidcClient) -> dict[str, str]:
    secret = {"client_secret": client.secret} if client.secret else {}
    return {"client_id": client.client_id, **secret}


def _post(http: Client, url: str, form: Mapping[str, str]) -> Response:
    return http.request(
        "POST",
        url,
        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        urllib.parse.urlencode(form).encode("ascii"),
    )


def _text(answer: Response) -> str:
    return f"{answer.status}: {answer.text.strip()[:300]!r}"
