"""Tokens are verified to the letter, and a provider is known by its discovery document alone."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from ccci.errors import RecipeFailure
from ccci.node.server import Server
from ccci.sso import oidc, tokens
from ccci.sso.oidc import GrantRefused, OidcClient, Provider, TokenSet
from ccci.sso.tokens import Claims, SigningKeys, TokenRefused, verify
from ccci.web.http import Client
from tests.unit.sso.small_provider import Small, running, signed

WIKI = OidcClient("wiki", "the wiki's own secret")


@pytest.fixture(scope="module")
def own_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def foreign_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def http() -> Client:
    return Client(Server(domain="lab.test"))


@pytest.fixture
def small(own_key: RSAPrivateKey) -> Iterator[Small]:
    with running(own_key) as provider:
        yield provider


@pytest.fixture
def provider(small: Small, http: Client) -> Provider:
    return oidc.discover(http, small.issuer)


@pytest.fixture
def keys(http: Client, provider: Provider) -> SigningKeys:
    return SigningKeys(http, provider)


def flaw_of(
    token: str, keys: SigningKeys, issuer: str, audience: str = "", authorized_party: str = ""
) -> str:
    with pytest.raises(TokenRefused) as refused:
        verify(token, keys, issuer, audience, authorized_party)
    return refused.value.flaw


def test_a_sound_token_says_what_it_says(
    own_key: RSAPrivateKey, small: Small, keys: SigningKeys
) -> None:
    token = signed(
        own_key,
        small.issuer,
        realm_access={"roles": ["editor"]},
        resource_access={"shop": {"roles": ["buyer"]}},
        groups=["/staff"],
        nbf=int(time.time()),
    )
    claims = verify(token, keys, small.issuer, audience="wiki", authorized_party="wiki")
    assert isinstance(claims, Claims)
    assert (claims.username, claims.subject, claims.authorized_party) == ("anna", "7", "wiki")
    assert claims.audience == ("wiki", "account")
    assert claims.roles == ("/staff", "buyer", "editor")
    assert claims.expires_at == claims.issued_at + 60


def test_every_flaw_has_its_name(
    own_key: RSAPrivateKey, foreign_key: RSAPrivateKey, small: Small, keys: SigningKeys
) -> None:
    now, issuer = int(time.time()), small.issuer
    sound = signed(own_key, issuer)
    assert verify(sound, keys, issuer, audience="wiki").username == "anna"
    assert flaw_of(tokens.with_altered_signature(sound), keys, issuer) == "signature"
    assert flaw_of(tokens.with_altered_claims(sound, {"sub": "1"}), keys, issuer) == "signature"
    assert flaw_of(signed(foreign_key, issuer), keys, issuer) == "signature"
    assert flaw_of(tokens.without_signature(sound), keys, issuer) == "algorithm"
    assert flaw_of(signed(own_key, issuer, "another"), keys, issuer) == "unknown key"
    assert flaw_of(signed(own_key, issuer + "2"), keys, issuer) == "issuer"
    assert flaw_of(sound, keys, issuer, audience="shop") == "audience"
    assert flaw_of(signed(own_key, issuer, aud=None), keys, issuer, audience="wiki") == (
        "missing claim"
    )
    assert flaw_of(sound, keys, issuer, authorized_party="shop") == "authorized party"
    assert flaw_of(signed(own_key, issuer, azp=None), keys, issuer, authorized_party="wiki") == (
        "authorized party"
    )
    assert flaw_of(signed(own_key, issuer, exp=now - 1), keys, issuer) == "expired"
    assert flaw_of(signed(own_key, issuer, exp=None), keys, issuer) == "missing claim"
    assert flaw_of(signed(own_key, issuer, nbf=now + 60), keys, issuer) == "not yet valid"
    assert flaw_of("no.token", keys, issuer) == "malformed"
    assert flaw_of(sound + ".more", keys, issuer) == "malformed"


def test_a_public_key_is_no_shared_secret(
    own_key: RSAPrivateKey, small: Small, keys: SigningKeys
) -> None:
    """Whoever knows the published key can sign with it as a secret; that must count for nothing."""
    public = own_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, body, _ = signed(own_key, small.issuer).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"first"}').rstrip(b"=").decode()
    mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert flaw_of(forged, keys, small.issuer) == "algorithm"


def test_a_token_kept_from_before_may_have_expired(
    own_key: RSAPrivateKey, small: Small, keys: SigningKeys
) -> None:
    old = signed(own_key, small.issuer, exp=int(time.time()) - 100)
    assert verify(old, keys, small.issuer, now_may_be_late=True).username == "anna"
    spoilt = tokens.with_altered_signature(old)
    with pytest.raises(TokenRefused, match="signature"):
        verify(spoilt, keys, small.issuer, now_may_be_late=True)


def test_a_new_key_is_fetched_when_a_token_names_it(
    own_key: RSAPrivateKey, foreign_key: RSAPrivateKey, small: Small, keys: SigningKeys
) -> None:
    verify(signed(own_key, small.issuer), keys, small.issuer)
    verify(signed(own_key, small.issuer), keys, small.issuer)
    assert small.reads_of_keys == 1
    small.keys = {"second": foreign_key}
    verify(signed(foreign_key, small.issuer, "second"), keys, small.issuer)
    assert keys.names() == ("second",)


def test_discovery_is_read_and_believed_only_of_its_own_issuer(small: Small, http: Client) -> None:
    assert oidc.discover(http, small.issuer).token_endpoint.endswith("/odd/place/of-tokens")
    del small.discovery["jwks_uri"]
    with pytest.raises(RecipeFailure, match="has no jwks_uri"):
        oidc.discover(http, small.issuer)
    small.discovery["issuer"] = "https://elsewhere.example"
    with pytest.raises(RecipeFailure, match="it has 'https://elsewhere"):
        oidc.discover(http, small.issuer)
    with pytest.raises(RecipeFailure, match="to answer 200; it was 404"):
        oidc.discover(http, small.issuer + "/more")


def test_grants_ask_where_the_document_says(small: Small, http: Client, provider: Provider) -> None:
    small.answers = [
        (200, {"token_type": "Bearer", "access_token": "a", "refresh_token": "r", "expires_in": 9}),
        (401, {"error": "invalid_grant", "error_description": "Invalid user credentials"}),
        (200, {"token_type": "mac", "access_token": "a"}),
    ]
    got = oidc.password_grant(http, provider, WIKI, "anna", "a&b=ü")
    assert got == TokenSet("a", "", "r", 9)
    assert small.asked[0]["path"] == "/odd/place/of-tokens"
    assert small.asked[0]["password"] == "a&b=ü"
    assert small.asked[0]["grant_type"] == "password"
    assert small.asked[0]["client_secret"] == WIKI.secret
    refused = oidc.client_credentials_grant(http, provider, OidcClient("public"))
    assert refused == GrantRefused(401, "invalid_grant", "Invalid user credentials")
    assert "client_secret" not in small.asked[1]
    with pytest.raises(RecipeFailure, match="without a bearer token"):
        oidc.refresh_grant(http, provider, WIKI, "r")


def test_signing_out_is_asked_for_with_the_id_token_alone(
    small: Small, http: Client, provider: Provider
) -> None:
    small.answers = [(200, {}), (400, {"error": "invalid_request"})]
    oidc.log_out(http, provider, WIKI, "the.id.token")
    asked = {"id_token_hint": "the.id.token", "client_id": "wiki"}
    assert small.asked == [{"path": "/odd/place/of-farewell", **asked}]
    with pytest.raises(RecipeFailure, match=r"session to end; .* answered 400: .*invalid_request"):
        oidc.log_out(http, provider, WIKI, "another")
    with pytest.raises(RecipeFailure, match="has no end_session_endpoint"):
        oidc.log_out(http, replace(provider, end_session_endpoint=""), WIKI, "the.id.token")


def test_no_secret_shows(provider: Provider) -> None:
    asked = oidc.begin_sign_in(provider, WIKI, "https://wiki.example/back")
    seen = repr([WIKI, TokenSet("access", "identity", "refresh", 9), asked])
    for secret in (WIKI.secret, "'access'", "'identity'", "'refresh'", asked.verifier):
        assert secret not in seen


def test_a_sign_in_ends_where_it_should(provider: Provider) -> None:
    asked = oidc.begin_sign_in(provider, WIKI, "https://wiki.example/back")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked.url).query))
    digest = hashlib.sha256(asked.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(query["code_challenge"] + "=") == digest
    assert query["code_challenge_method"] == "S256"
    arrived = f"{asked.redirect_uri}?state={asked.state}&code=c"
    assert oidc.code_in(asked, arrived) == "c"
    with pytest.raises(RecipeFailure, match="another state"):
        oidc.code_in(asked, f"{asked.redirect_uri}?state=else&code=c")
    with pytest.raises(RecipeFailure, match="access_denied"):
        oidc.code_in(asked, f"{asked.redirect_uri}?state={asked.state}&error=access_denied")
    with pytest.raises(RecipeFailure, match=r"returned to https://evil\.example"):
        oidc.code_in(asked, f"https://evil.example?state={asked.state}&code=c")


def test_waiting_for_a_token_to_expire_has_an_end(own_key: RSAPrivateKey) -> None:
    token = signed(own_key, "https://it.example", exp=int(time.time()))
    tokens.wait_until_expired(token, within_seconds=3)
    with pytest.raises(RecipeFailure, match="expires within 3 s"):
        tokens.wait_until_expired(signed(own_key, "https://it.example"), within_seconds=3)


def test_a_protected_address_is_asked_with_a_token_or_with_none(
    small: Small, http: Client, provider: Provider
) -> None:
    open_to = oidc.call(http, provider.userinfo_endpoint, "a.sound.token")
    assert json.loads(open_to.body) == {"sub": "7", "preferred_username": "anna"}
    assert oidc.call(http, provider.userinfo_endpoint, "another.token").status == 401
    assert oidc.call(http, provider.userinfo_endpoint).status == 401
    assert small.bearers == ["Bearer a.sound.token", "Bearer another.token", ""]


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        ({"sub": "7", "preferred_username": "anna"}, ""),
        ({"login": "anna", "id": 3}, ""),
        ({"sub": "8", "preferred_username": "anna"}, "has the sub '8'"),
        ({"sub": "7", "username": "bruno"}, "has the user name ['bruno']"),
        ({"username": "anna", "login": "bruno"}, "has the user name ['anna', 'bruno']"),
        ({"sub": "7"}, "has the user name []"),
    ],
)
def test_an_answer_is_about_one_user(said: dict[str, Any], flaw: str) -> None:
    assert oidc.another_user(said, "7", "anna") == flaw
