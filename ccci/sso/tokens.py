"""Signed tokens (JWT): verifies them with a provider's keys, and alters them for negative tests."""

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

# Signatures with a key pair. With a shared secret or no signature others could make tokens.
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
    """A token is not valid; `flaw` says why."""

    def __init__(self, flaw: Flaw, reason: str) -> None:
        super().__init__(f"The token is refused ({flaw}): {reason}")
        self.flaw = flaw


@dataclass(frozen=True)
class Claims:
    """The claims of a verified token.

    Attributes:
        issuer: who issued it.
        subject: the provider's id of the user.
        username: the name with which the user signs in; "" if the token has none.
        email: the user's address; "" if the token has none.
        audience: the apps for which it is.
        authorized_party: the client for which it was issued.
        roles: realm roles, client roles and groups, whatever the provider calls them.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        nonce: of the sign-in; "" if the token has none.
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
    """A provider's public keys, read again when a token has a key that is not known yet."""

    def __init__(self, http: Client, provider: Provider) -> None:
        """Read nothing yet."""
        self._http, self._provider = http, provider
        self._keys: dict[str, jwt.PyJWK] = {}

    def key_for(self, token: str) -> jwt.PyJWK:
        """Return the key with which a token is signed, by its header.

        Raises:
            TokenRefused: it is not a token, has another algorithm, or a key that does not exist.
        """
        header = header_of(token)
        name, algorithm = str(header.get("kid", "")), str(header.get("alg", ""))
        if algorithm not in ALGORITHMS:
            raise TokenRefused("algorithm", f"it is signed with {algorithm!r}")
        if name not in self._keys:
            self._keys = self._read()
        if name not in self._keys:
            known = ", ".join(self._keys) or "none"
            raise TokenRefused("unknown key", f"its key is {name!r}; the provider has {known}")
        return self._keys[name]

    def names(self) -> tuple[str, ...]:
        """Return the ids of the provider's current signing keys, sorted."""
        return tuple(sorted(self._read()))

    def _read(self) -> dict[str, jwt.PyJWK]:
        answer = self._http.request("GET", self._provider.jwks_uri)
        found: dict[str, jwt.PyJWK] = {}
        try:
            for entry in read_object(answer, 200).get("keys", ()):
                # The list also has keys for encryption, some with other algorithms.
                if entry.get("use", "sig") == "sig" and entry.get("kty") in ("RSA", "EC", "OKP"):
                    key = jwt.PyJWK.from_dict(entry)
                    found[str(key.key_id)] = key
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise RecipeFailure(
                f"Expected signing keys (RFC 7517) at {self._provider.jwks_uri}: {error!r:.200}"
            ) from None
        return found


def verify(
    token: str,
    keys: SigningKeys,
    issuer: str,
    audience: str = "",
    authorized_party: str = "",
    now_may_be_late: bool = False,
) -> Claims:
    """Verify a token and return its claims.

    Args:
        token: the token as text.
        keys: the provider's keys.
        issuer: who must have issued it.
        audience: the app that must be in its `aud`; "" to accept any.
        authorized_party: the client that must be in its `azp`; "" to accept any.
        now_may_be_late: accept an expired token, for one that was kept on purpose.

    Raises:
        TokenRefused: it is not valid; the first flaw.
    """
    key = keys.key_for(token)
    needed = ["iss", "sub", "exp", "iat", *(["aud"] if audience else [])]
    try:
        content = jwt.decode(
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
        raise TokenRefused(flaw, f"{error}{_seen_instead(token, flaw)}") from None
    claims = _claims(content)
    if authorized_party and claims.authorized_party != authorized_party:
        seen = claims.authorized_party or "nobody"
        raise TokenRefused("authorized party", f"it was issued for {seen}, not {authorized_party}")
    return claims


def header_of(token: str) -> dict[str, Any]:
    """Return a token's header, unverified.

    Raises:
        TokenRefused: it is not a token.
    """
    try:
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenRefused("malformed", str(error)) from None


def with_altered_signature(token: str) -> str:
    """Return the token with one bit of its signature changed."""
    body, _, signature = token.rpartition(".")
    raw = bytearray(_decoded(signature))
    raw[len(raw) // 2] ^= 1
    return f"{body}.{_encoded(bytes(raw))}"


def with_altered_claims(token: str, claims: Mapping[str, object]) -> str:
    """Return the token with other claims and the old signature."""
    header, body, signature = token.split(".")
    content = {**json.loads(_decoded(body)), **claims}
    return f"{header}.{_encoded(json.dumps(content).encode())}.{signature}"


def without_signature(token: str) -> str:
    """Return the token without a signature: `alg` is none, and nothing follows the last dot."""
    header, body, _ = token.split(".")
    content = {**json.loads(_decoded(header)), "alg": "none"}
    return f"{_encoded(json.dumps(content).encode())}.{body}."


def wait_until_expired(token: str, within_seconds: float) -> None:
    """Wait until a token has expired, by its own `exp`.

    Raises:
        RecipeFailure: it expires later than within that time.
    """
    # The signature does not matter here: this only says how long to wait.
    expires_at = int(json.loads(_decoded(token.split(".")[1])).get("exp", 0))
    left = expires_at + 1 - time.time()
    if left > within_seconds:
        raise RecipeFailure(
            f"Expected a token that expires within {within_seconds:g} s; it expires in "
            f"{left:.0f} s."
        )

    def look() -> Look:
        over = expires_at + 1 - time.time()
        return Look(over <= 0, f"{over:.1f} s left")

    wait_for("the token to expire", look, within_seconds + 1)


def _claims(content: Mapping[str, Any]) -> Claims:
    audience = content.get("aud", ())
    return Claims(
        issuer=str(content["iss"]),
        subject=str(content["sub"]),
        username=str(content.get("preferred_username", "")),
        email=str(content.get("email", "")),
        audience=(audience,) if isinstance(audience, str) else tuple(map(str, audience)),
        authorized_party=str(content.get("azp") or content.get("client_id", "")),
        roles=tuple(sorted(set(_roles(content)))),
        issued_at=int(content["iat"]),
        expires_at=int(content["exp"]),
        nonce=str(content.get("nonce", "")),
    )


def _roles(content: Mapping[str, Any]) -> Iterable[str]:
    # `realm_access` and `resource_access` are Keycloak's; `roles` and `groups` are others'.
    yield from content.get("roles", ())
    yield from content.get("groups", ())
    yield from content.get("realm_access", {}).get("roles", ())
    for access in content.get("resource_access", {}).values():
        yield from access.get("roles", ())


def _seen_instead(token: str, flaw: Flaw) -> str:
    name = {"issuer": "iss", "audience": "aud"}.get(flaw)
    if name is None:
        return ""
    return f" (it has {json.loads(_decoded(token.split('.')[1])).get(name)!r})"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
