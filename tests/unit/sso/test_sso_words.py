"""Words of sign-in that must fail, where no real provider can be made to give what they fail over.

What a real provider does give is in tests/lab/vocabulary-sso.
"""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from robot.api.types import Secret

from ccci.bridge.failures import Broken, Incomplete
from ccci.bridge.session import session
from ccci.node.server import Server
from ccci.sso.oidc import AuthorizationRequest, OidcClient, Provider
from ccci.web.http import Client
from Sso import Sso, Tokens
from tests.unit.sso.small_provider import Small, running, signed

WIKI = OidcClient("wiki", "the wiki's own secret")


@pytest.fixture(scope="module")
def own_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def small(own_key: RSAPrivateKey) -> Iterator[Small]:
    with running(own_key) as provider:
        yield provider


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Sso:
    target = SimpleNamespace(client=Client(Server(domain="lab.test")))
    run = SimpleNamespace(target=target, driver=SimpleNamespace(require_limits=lambda: None))
    monkeypatch.setattr(session, "begun", SimpleNamespace(run=run))
    return Sso()


@pytest.fixture
def provider(words: Sso, small: Small) -> Provider:
    return words.sso_provider(small.issuer)


@pytest.fixture
def asked(words: Sso, provider: Provider) -> AuthorizationRequest:
    return words.begin_sign_in(provider, WIKI, "https://wiki.lab.test/back")


def arrived(asked: AuthorizationRequest) -> str:
    return f"{asked.redirect_uri}?state={asked.state}&code=c"


def test_a_sign_in_is_finished_by_its_own_id_token_alone(
    words: Sso,
    small: Small,
    own_key: RSAPrivateKey,
    provider: Provider,
    asked: AuthorizationRequest,
) -> None:
    def finish(id_token: str) -> Tokens:
        given = {"token_type": "Bearer", "access_token": "a", "id_token": id_token}
        small.answers = [(200, given)]
        return words.finish_sign_in(provider, WIKI, asked, arrived(asked))

    own = signed(own_key, small.issuer, nonce=asked.nonce)
    made = finish(own)
    assert made.id is not None and made.id.value == own
    assert small.asked[-1]["code_verifier"] == asked.verifier
    for another in ("of another sign-in", None):
        with pytest.raises(Broken, match="to have the nonce of this sign-in"):
            finish(signed(own_key, small.issuer, nonce=another))
    with pytest.raises(Broken, match=r"refused \(audience\)"):
        finish(signed(own_key, small.issuer, nonce=asked.nonce, aud="shop"))
    with pytest.raises(Broken, match=r"Expected an ID token for a sign-in .*; got none"):
        finish("")


def test_a_code_that_is_refused_finishes_nothing(
    words: Sso, small: Small, provider: Provider, asked: AuthorizationRequest
) -> None:
    small.answers = [(400, {"error": "invalid_grant", "error_description": "Code not valid"})]
    with pytest.raises(Broken, match=r"refused: 400 invalid_grant \(Code not valid\)"):
        words.finish_sign_in(provider, WIKI, asked, arrived(asked))


def test_a_token_must_have_every_role_that_is_asked_for(
    words: Sso, small: Small, own_key: RSAPrivateKey, provider: Provider
) -> None:
    token = Secret(signed(own_key, small.issuer, roles=["editor"]))
    assert words.token_should_be_valid(provider, token, roles=("editor",)).roles == ("editor",)
    with pytest.raises(Broken, match=r"have the roles \['editor', 'owner'\]; it has \['editor'\]"):
        words.token_should_be_valid(provider, token, roles=("editor", "owner"))


def test_a_token_is_wrong_for_another_authorized_party_alone(
    words: Sso, small: Small, own_key: RSAPrivateKey, provider: Provider
) -> None:
    token = Secret(signed(own_key, small.issuer))
    words.token_should_be_wrong(provider, token, "authorized party", authorized_party="shop")
    with pytest.raises(Broken, match=r"refused \(authorized party\); it is valid"):
        words.token_should_be_wrong(provider, token, "authorized party", authorized_party="wiki")
    with pytest.raises(Broken, match=r"flaw to be: audience\. Seen: .*\(authorized party\)"):
        words.token_should_be_wrong(
            provider, token, "audience", audience="wiki", authorized_party="shop"
        )


def test_tokens_that_were_not_given_cannot_be_used(words: Sso, provider: Provider) -> None:
    bare = Tokens(Secret("a"), None, None)
    with pytest.raises(Incomplete, match="These tokens have no ID token"):
        words.log_out(provider, WIKI, bare)
    for ask in (words.refresh_tokens, words.refresh_should_be_refused):
        with pytest.raises(Incomplete, match="These tokens have no refresh token"):
            ask(provider, WIKI, bare)


def test_a_provider_without_keys_signs_nothing(
    words: Sso, small: Small, provider: Provider
) -> None:
    assert words.signing_keys(provider) == "first"
    small.keys = {}
    with pytest.raises(Broken, match="of-keys has no key to verify signatures with"):
        words.signing_keys(provider)
