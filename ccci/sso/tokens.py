"""Signed tokens (JWT): verified against a provider's live keys, and spoilt to see them refused."""

import base64
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from ccci.errors import CcciError, RecipeFailure
from ccci.sso.oidc import Provider, read_object
from ccci.waiting import Look, wait_for
from ccci.web.http import Client

# Signatures with a key pair. A shared secret or none at all would let others make tokens.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
Flaw = Literal[
    "malformed",
    "algorithm",
    "unknown key",
    "signature",
    "issuer",
    "audience",
    "authorized party",
    "expired",
    "not yet valid",
    "missing claim",
]
_FLAWS: tuple[tuple[type[Exception], Flaw], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not yet valid"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.MissingRequiredClaimError, "missing claim"),
    (jwt.InvalidAlgorithmError, "algorithm"),
    (jwt.InvalidSignatureError, "signature"),
)


class TokenRefused(CcciError):
    """A token is not what it should be; `flaw` says in which way."""

    def __init__(self, flaw: Flaw, said: str) -> None:
        super().__init__(f"The token is refused ({flaw}): {said}")
        self.flaw = flaw


@dataclass(frozen=True)
class Claims:
    """What a verified token says.

    Attributes:
        issuer: who made it.
        subject: the provider's own number of the user.
        username: the name that the user signs in with; empty in a token without it.
        email: the user's address; empty in a token without it.
        audience: for whom it is.
        authorized_party: the client that it was made for.
        roles: realm roles, client roles and groups, however the provider names them.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        nonce: of the sign-in that it came from; empty without one.
    """

    issuer: str
    subject: str
    username: str
    email: str
    audience: tuple[str, ...]
    authorized_party: str
    roles: tuple[str, ...]
    issued_at: int
    expires_at: int
    nonce: str


class SigningKeys:
    """A provider's public keys, read anew whenever a token names one that is not known yet."""

    def __init__(self, http: Client, provider: Provider) -> None:
        """Read nothing yet."""
        self._http, self._provider = http, provider
        self._keys: dict[str, jwt.PyJWK] = {}

    def key_for(self, token: str) -> jwt.PyJWK:
        """Return the key that a token says it is signed with.

        Raises:
            TokenRefused: it is no token, signs in another way, or names a key that is not there.
        """
        header = header_of(token)
        name, algorithm = str(header.get("kid", "")), str(header.get("alg", ""))
        if algorithm not in ALGORITHMS:
            raise TokenRefused("algorithm", f"it is signed with {algorithm!r}")
        if name not in self._keys:
            self._keys = self._read()
        if name not in self._keys:
            known = ", ".join(self._keys) or "none"
            raise TokenRefused("unknown key", f"it names key {name!r}; the provider has {known}")
        return self._keys[name]

    def names(self) -> tuple[str, ...]:
        """Return the names of the keys that the provider signs with now, sorted."""
        return tuple(sorted(self._read()))

    def _read(self) -> dict[str, jwt.PyJWK]:
        answer = self._http.request("GET", self._provider.jwks_uri)
        found: dict[str, jwt.PyJWK] = {}
        for entry in read_object(answer, 200).get("keys", ()):
            # Keys for encryption stand in the same list, some with algorithms of their own.
            if entry.get("use", "sig") == "sig" and entry.get("kty") in ("RSA", "EC", "OKP"):
                key = jwt.PyJWK.from_dict(entry)
                found[str(key.key_id)] = key
        return found


def verify(
    token: str,
    keys: SigningKeys,
    issuer: str,
    audience: str = "",
    authorized_party: str = "",
    now_may_be_late: bool = False,
) -> Claims:
    """Verify a token to the letter and return what it says.

    Args:
        token: as it came.
        keys: the provider's.
        issuer: who must have made it.
        audience: who must be in its `aud`; empty where that is not looked at.
        authorized_party: the client that must be in its `azp`; empty where that is not looked at.
        now_may_be_late: a token that has expired passes: for one kept from before.

    Raises:
        TokenRefused: the first thing that is wrong with it.
    """
    key = keys.key_for(token)
    needed = ["iss", "sub", "exp", "iat", *(["aud"] if audience else [])]
    try:
        said = jwt.decode(
            token,
            key,
            algorithms=[str(header_of(token)["alg"])],
            issuer=issuer,
            audience=audience or None,
            options={
                "require": needed,
                "verify_aud": bool(audience),
                "verify_exp": not now_may_be_late,
            },
        )
    except jwt.InvalidTokenError as error:
        flaw: Flaw = next((flaw for kind, flaw in _FLAWS if isinstance(error, kind)), "malformed")
        raise TokenRefused(flaw, f"{error}{_said_instead(token, flaw)}") from None
    claims = _claims(said)
    if authorized_party and claims.authorized_party != authorized_party:
        seen = claims.authorized_party or "nobody"
        raise TokenRefused("authorized party", f"it was made for {seen}, not {authorized_party}")
    return claims


def header_of(token: str) -> dict[str, Any]:
    """Return a token's header, unverified.

    Raises:
        TokenRefused: it is no token.
    """
    try:
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenRefused("malformed", str(error)) from None


def with_altered_signature(token: str) -> str:
    """Return the token with one bit of its signature turned."""
    body, _, signature = token.rpartition(".")
    raw = bytearray(_decoded(signature))
    raw[len(raw) // 2] ^= 1
    return f"{body}.{_encoded(bytes(raw))}"


def with_altered_claims(token: str, claims: Mapping[str, object]) -> str:
    """Return the token with other claims under the signature of the old ones."""
    header, body, signature = token.split(".")
    content = {**json.loads(_decoded(body)), **claims}
    return f"{header}.{_encoded(json.dumps(content).encode())}.{signature}"


def without_signature(token: str) -> str:
    """Return the token as an unsigned one: `alg` none, and nothing behind the last dot."""
    header, body, _ = token.split(".")
    content = {**json.loads(_decoded(header)), "alg": "none"}
    return f"{_encoded(json.dumps(content).encode())}.{body}."


def wait_until_expired(token: str, within_seconds: float) -> None:
    """Wait until the time that a token says it expires at has passed.

    Raises:
        RecipeFailure: it lives longer than that.
    """
    # Read without a look at the signature: only to know how long to wait.
    expires_at = int(json.loads(_decoded(token.split(".")[1])).get("exp", 0))
    left = expires_at + 1 - time.time()
    if left > within_seconds:
        raise RecipeFailure(
            f"Expected a token that expires within {within_seconds:g} s; it lives {left:.0f} s."
        )

    def look() -> Look:
        over = expires_at + 1 - time.time()
        return Look(over <= 0, f"{over:.1f} s left")

    wait_for("the token to expire", look, within_seconds + 1)


def _claims(said: Mapping[str, Any]) -> Claims:
    audience = said.get("aud", ())
    return Claims(
        issuer=str(said["iss"]),
        subject=str(said["sub"]),
        username=str(said.get("preferred_username", "")),
        email=str(said.get("email", "")),
        audience=(audience,) if isinstance(audience, str) else tuple(map(str, audience)),
        authorized_party=str(said.get("azp") or said.get("client_id", "")),
        roles=tuple(sorted(set(_roles(said)))),
        issued_at=int(said["iat"]),
        expires_at=int(said["exp"]),
        nonce=str(said.get("nonce", "")),
    )


def _roles(said: Mapping[str, Any]) -> Iterable[str]:
    # `realm_access` and `resource_access` are Keycloak's; `roles` and `groups` are others'.
    yield from said.get("roles", ())
    yield from said.get("groups", ())
    yield from said.get("realm_access", {}).get("roles", ())
    for access in said.get("resource_access", {}).values():
        yield from access.get("roles", ())


def _said_instead(token: str, flaw: Flaw) -> str:
    name = {"issuer": "iss", "audience": "aud"}.get(flaw)
    if name is None:
        return ""
    return f" (it says {json.loads(_decoded(token.split('.')[1])).get(name)!r})"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
