"""The values of the placeholders in `[[sign_in.wiring]]`, for one app at one provider."""

from dataclasses import dataclass

from ccci.apps import App
from ccci.sso.oidc import DISCOVERY, OidcClient, Provider


@dataclass(frozen=True)
class RegisteredApp(OidcClient):
    """An app as it is registered at its provider.

    Attributes:
        back: the address to which a sign-in returns.
        roles_claim: the claim of its ID tokens that lists a user's roles; "" for none.
    """

    back: str = ""
    roles_claim: str = ""


@dataclass(frozen=True)
class WayIn:
    """The app's name for signing in at the provider.

    Attributes:
        name: the text on the button.
        id: the app's short name for it.
        role: the role that users need to sign in; "" for none.
    """

    name: str
    id: str
    role: str


def placeholders(
    provider: Provider, provider_app: App, realm: str, client: RegisteredApp, app: App, way: WayIn
) -> dict[str, str]:
    """Return placeholder to value; they are those of `ccci.recipe.tables.PLACEHOLDERS`.

    Args:
        provider: its discovery document.
        provider_app: the provider as an app of the run.
        realm: the app's realm there.
        client: the app as a client there.
        app: the app.
        way: the app's name for signing in there.
    """
    return {
        "issuer": provider.issuer,
        "discovery_url": provider.issuer.rstrip("/") + DISCOVERY,
        "authorization_url": provider.authorization_endpoint,
        "token_url": provider.token_endpoint,
        "userinfo_url": provider.userinfo_endpoint,
        "jwks_url": provider.jwks_uri,
        "end_session_url": provider.end_session_endpoint,
        "provider_url": provider_app.url,
        "provider_domain": provider_app.domain,
        "realm": realm,
        "client_id": client.client_id,
        "client_secret": client.secret,
        "redirect_url": client.back,
        "domain": app.domain,
        "url": app.url,
        "name": way.name,
        "id": way.id,
        "role": way.role,
        "claim": client.roles_claim,
    }
