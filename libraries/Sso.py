"""Single sign-on as an app uses it: discovery, grants, and the verification of tokens."""

from dataclasses import dataclass
from datetime import timedelta

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import Misuse, RecipeFailure
from ccci.sso import oidc, tokens
from ccci.sso.oidc import AuthorizationRequest, GrantRefused, OidcClient, Provider, TokenSet
from ccci.sso.tokens import Claims, Flaw, SigningKeys, TokenRefused


@dataclass(frozen=True)
class Tokens:
    """The tokens of a sign-in. A token that the provider did not issue is None."""

    access: Secret
    id: Secret | None
    refresh: Secret | None


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Sso:
    """Signs in at any OpenID Connect provider, and verifies the tokens that it issues.

    Only the address of the provider's issuer is needed: its discovery document has all other
    addresses. An app that is registered there is an `Oidc Client`. Tokens are Robot's Secret.
    Certificates are always verified.
    """

    @project_keyword("assertion")
    def sso_provider(self, issuer: str) -> Provider:
        """Reads a provider's discovery document and returns it.

        The fields are named as in the document: ``issuer``, ``token_endpoint``, ``jwks_uri``, ...
        ``addresses`` has every address in it. Fails when there is no document, or it has another
        issuer.

        Example:
        | ${provider}=    Sso Provider    ${app.url}/realms/staff
        """
        return oidc.discover(session.client, issuer)

    @project_keyword()
    def oidc_client(self, client_id: str, secret: Secret | None = None) -> OidcClient:
        """Returns an app as it is registered at a provider: its name, and its secret if any.

        Never fails.

        Example:
        | ${secret}=    Credential    wiki client
        | ${client}=    Oidc Client    wiki    ${secret}
        """
        return OidcClient(client_id, secret.value if secret else "")

    @project_keyword("assertion")
    def sign_in_with_password(
        self,
        provider: Provider,
        client: OidcClient,
        username: str,
        password: Secret,
        scope: str = "",
    ) -> Tokens:
        """Signs a user in by the password grant and returns ``access``, ``id`` and ``refresh``.

        ``scope`` names further scopes, such as ``offline_access``. Fails when the provider refuses,
        with its error.

        Example:
        | ${tokens}=    Sign In With Password    ${provider}    ${client}    anna    ${password}
        """
        return _granted(
            oidc.password_grant(session.client, provider, client, username, password.value, scope)
        )

    @project_keyword("assertion")
    def sign_in_with_password_should_be_refused(
        self,
        provider: Provider,
        client: OidcClient,
        username: str,
        password: Secret,
        error: str = "invalid_grant",
    ) -> None:
        """Fails unless the provider refuses the password grant with this error.

        ``error`` is a code of RFC 6749: ``invalid_grant`` for a wrong user or password,
        ``invalid_client`` or ``unauthorized_client`` for wrong credentials of the app.

        Example:
        | Sign In With Password Should Be Refused    ${provider}    ${client}    anna    ${wrong}
        """
        _refused(
            oidc.password_grant(session.client, provider, client, username, password.value),
            error,
        )

    @project_keyword("assertion")
    def sign_in_as_client(self, provider: Provider, client: OidcClient) -> Tokens:
        """Signs the app itself in by the client-credentials grant and returns its tokens.

        Fails when the provider refuses, with its error.

        Example:
        | ${tokens}=    Sign In As Client    ${provider}    ${client}
        """
        return _granted(oidc.client_credentials_grant(session.client, provider, client))

    @project_keyword("assertion")
    def sign_in_as_client_should_be_refused(
        self, provider: Provider, client: OidcClient, error: str = "unauthorized_client"
    ) -> None:
        """Fails unless the provider refuses the client-credentials grant with this error.

        Example:
        | Sign In As Client Should Be Refused    ${provider}    ${client}    invalid_client
        """
        _refused(oidc.client_credentials_grant(session.client, provider, client), error)

    @project_keyword("assertion")
    def refresh_tokens(self, provider: Provider, client: OidcClient, old: Tokens) -> Tokens:
        """Returns new tokens for the refresh token of old ones.

        Fails when the provider refuses, or the old tokens have no refresh token.

        Example:
        | ${fresh}=    Refresh Tokens    ${provider}    ${client}    ${tokens}
        """
        return _granted(oidc.refresh_grant(session.client, provider, client, _refresh_token(old)))

    @project_keyword("assertion")
    def refresh_should_be_refused(
        self, provider: Provider, client: OidcClient, old: Tokens
    ) -> None:
        """Fails unless the provider refuses new tokens for the refresh token of these.

        Example:
        | Log Out    ${provider}    ${client}    ${tokens}
        | Refresh Should Be Refused    ${provider}    ${client}    ${tokens}
        """
        _refused(
            oidc.refresh_grant(session.client, provider, client, _refresh_token(old)),
            "invalid_grant",
        )

    @project_keyword("assertion")
    def log_out(self, provider: Provider, client: OidcClient, old: Tokens) -> None:
        """Ends the session of the tokens, by their ID token.

        Fails when the provider refuses, or there is no ID token. `Refresh Should Be Refused` and
        `Token Should Not Be Accepted` prove that the session is over.

        Example:
        | Log Out    ${provider}    ${client}    ${tokens}
        """
        if old.id is None:
            raise Misuse("These tokens have no ID token: the app requested none.")
        oidc.log_out(session.client, provider, client, str(old.id.value))

    @project_keyword()
    def begin_sign_in(
        self, provider: Provider, client: OidcClient, redirect_uri: str
    ) -> AuthorizationRequest:
        """Begins a sign-in by authorization code with PKCE; the browser must open its ``url``.

        Never fails.

        Example:
        | ${asked}=    Begin Sign In    ${provider}    ${client}    ${app.url}/back
        | New Page    ${asked.url}
        """
        return oidc.begin_sign_in(provider, client, redirect_uri)

    @project_keyword("assertion")
    def finish_sign_in(
        self,
        provider: Provider,
        client: OidcClient,
        asked: AuthorizationRequest,
        arrived_at: str,
    ) -> Tokens:
        """Returns the tokens for the code in the address that the browser returned to.

        Fails when the browser returned to another address, with an error or with another state,
        when the code is refused, and when the ID token does not have the nonce of this sign-in.

        Example:
        | ${address}=    Get Url
        | ${tokens}=    Finish Sign In    ${provider}    ${client}    ${asked}    ${address}
        """
        code = oidc.code_in(asked, arrived_at)
        got = oidc.code_grant(session.client, provider, client, asked, code)
        made = _granted(got)
        if made.id is None:
            raise RecipeFailure("Expected an ID token for a sign-in with scope openid; got none.")
        claims = _verified(provider, made.id, client.client_id, "")
        if claims.nonce != asked.nonce:
            raise RecipeFailure("Expected the ID token to have the nonce of this sign-in.")
        return made

    @project_keyword("assertion")
    def token_should_be_valid(
        self,
        provider: Provider,
        token: Secret,
        audience: str = "",
        authorized_party: str = "",
        roles: tuple[str, ...] = (),
    ) -> Claims:
        """Verifies a token with the provider's current keys and returns its claims.

        Checks the signature, ``iss``, ``exp``, ``nbf`` and ``iat``. Checks ``aud``, ``azp`` and
        roles if they are given as arguments. The claims have the fields ``issuer``, ``subject``,
        ``username``, ``email``, ``audience``, ``authorized_party``, ``roles``, ``issued_at``,
        ``expires_at``.

        Fails at the first flaw, and names it.

        Example:
        | ${claims}=    Token Should Be Valid    ${provider}    ${tokens.id}    audience=wiki
        | Should Be Equal    ${claims.username}    anna
        """
        claims = _verified(provider, token, audience, authorized_party)
        missing = sorted(set(roles) - set(claims.roles))
        if missing:
            raise RecipeFailure(
                f"Expected the token to have the roles {list(roles)}; it has {list(claims.roles)}."
            )
        return claims

    @project_keyword("assertion")
    def token_should_be_wrong(
        self,
        provider: Provider,
        token: Secret,
        flaw: Flaw,
        audience: str = "",
        authorized_party: str = "",
    ) -> None:
        """Fails unless an app that verifies the token would refuse it for this flaw.

        ``aud`` and ``azp`` are checked if they are given as arguments.

        Example:
        | Token Should Be Wrong    ${provider}    ${old}    expired
        | Token Should Be Wrong    ${provider}    ${tokens.access}    audience    audience=other
        """
        keys = SigningKeys(session.client, provider)
        try:
            tokens.verify(token.value, keys, provider.issuer, audience, authorized_party)
        except TokenRefused as refused:
            if refused.flaw != flaw:
                raise RecipeFailure(
                    f"Expected the token's flaw to be: {flaw}. Seen: {refused}"
                ) from None
            return
        raise RecipeFailure(f"Expected the token to be refused ({flaw}); it is valid.")

    @project_keyword("assertion")
    def token_should_be_accepted(self, provider: Provider, token: Secret) -> None:
        """Fails unless the provider accepts a call with the token (userinfo).

        Example:
        | Token Should Be Accepted    ${provider}    ${tokens.access}
        """
        oidc.read_object(oidc.user_info(session.client, provider, token.value), 200)

    @project_keyword("assertion")
    def token_should_not_be_accepted(self, provider: Provider, token: Secret) -> None:
        """Fails unless the provider refuses a call with the token, with status 401.

        Example:
        | ${spoilt}=    Token With Altered Signature    ${tokens.access}
        | Token Should Not Be Accepted    ${provider}    ${spoilt}
        """
        answer = oidc.user_info(session.client, provider, token.value)
        if answer.status != 401:
            raise RecipeFailure(
                f"Expected {answer.url} to refuse the token with 401; it answered {answer.status}."
            )

    @project_keyword("assertion")
    def call_should_be_answered_for(
        self, who: Claims, provider: Provider, token: Secret, address: str = ""
    ) -> None:
        """Fails unless a protected address answers a call with 200 and with JSON about this user.

        ``address`` is the provider's userinfo endpoint unless another is given. The answer must
        have the user's name as ``preferred_username``, ``username`` or ``login``, and their id as
        ``sub``. Only an address that is not the provider's may leave out ``sub``.

        Example:
        | ${who}=    Token Should Be Valid    ${provider}    ${tokens.id}    audience=wiki
        | Call Should Be Answered For    ${who}    ${provider}    ${tokens.access}
        """
        place = address or provider.userinfo_endpoint
        answered = oidc.read_object(oidc.call(session.client, place, token.value), 200)
        flaw = oidc.another_user(answered, who.subject, who.username)
        if flaw or ("sub" not in answered and place == provider.userinfo_endpoint):
            raise RecipeFailure(
                f"Expected {place} to answer for {who.username} ({who.subject}); it "
                f"{flaw or 'has no sub'}."
            )

    @project_keyword("assertion")
    def call_should_be_refused(self, address: str, token: Secret | None = None) -> None:
        """Fails unless a protected address refuses a call, with 401 or 403.

        Without ``token`` the call has none.

        Example:
        | Call Should Be Refused    ${app.url}/api/me
        | Call Should Be Refused    ${app.url}/api/me    ${spoilt}
        """
        answer = oidc.call(session.client, address, token.value if token else "")
        if answer.status not in (401, 403):
            sent = "this token" if token else "no token"
            raise RecipeFailure(
                f"Expected {address} to refuse a call with {sent} (401 or 403); it answered "
                f"{answer.status}."
            )

    @project_keyword()
    def token_with_altered_signature(self, token: Secret) -> Secret:
        """Returns the token with one bit of its signature changed.

        Never fails for a token with a signature.

        Example:
        | ${spoilt}=    Token With Altered Signature    ${tokens.access}
        """
        return Secret(tokens.with_altered_signature(token.value))

    @project_keyword()
    def token_with_altered_claims(self, token: Secret, **claims: str) -> Secret:
        """Returns the token with other claims and the old signature.

        Never fails for a signed token.

        Example:
        | ${spoilt}=    Token With Altered Claims    ${tokens.access}    preferred_username=root
        """
        return Secret(tokens.with_altered_claims(token.value, claims))

    @project_keyword()
    def token_without_signature(self, token: Secret) -> Secret:
        """Returns the token as an unsigned one, with ``alg`` none.

        Never fails for a signed token.

        Example:
        | ${spoilt}=    Token Without Signature    ${tokens.access}
        """
        return Secret(tokens.without_signature(token.value))

    @project_keyword()
    def wait_until_expired(self, token: Secret, within: timedelta = timedelta(seconds=30)) -> None:
        """Waits until the token has expired.

        Fails at once when that takes longer than ``within``.

        Example:
        | Wait Until Expired    ${tokens.access}
        """
        tokens.wait_until_expired(token.value, within.total_seconds())

    @project_keyword("assertion")
    def signing_keys(self, provider: Provider) -> str:
        """Returns the ids of the keys with which the provider signs, one a line.

        A new key has another id. Fails when the provider publishes none.

        Example:
        | ${before}=    Signing Keys    ${provider}
        """
        names = SigningKeys(session.client, provider).names()
        if not names:
            raise RecipeFailure(f"{provider.jwks_uri} has no key to verify signatures with.")
        return "\n".join(names)


def _granted(got: TokenSet | GrantRefused) -> Tokens:
    if isinstance(got, GrantRefused):
        raise RecipeFailure(f"Expected tokens; the provider refused: {got}.")
    return Tokens(
        Secret(got.access_token),
        Secret(got.id_token) if got.id_token else None,
        Secret(got.refresh_token) if got.refresh_token else None,
    )


def _refused(got: TokenSet | GrantRefused, error: str) -> None:
    if not isinstance(got, GrantRefused):
        raise RecipeFailure(f"Expected the provider to refuse with {error}; it issued tokens.")
    if got.error != error:
        raise RecipeFailure(f"Expected the provider to refuse with {error}; it answered {got}.")


def _refresh_token(old: Tokens) -> str:
    if old.refresh is None:
        raise Misuse("These tokens have no refresh token: sign a user in to get one.")
    value: str = old.refresh.value
    return value


def _verified(provider: Provider, token: Secret, audience: str, authorized_party: str) -> Claims:
    keys = SigningKeys(session.client, provider)
    try:
        return tokens.verify(token.value, keys, provider.issuer, audience, authorized_party)
    except TokenRefused as refused:
        raise RecipeFailure(str(refused)) from None
