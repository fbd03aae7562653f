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
        **placeholders_at_forge(provider_app, client, app),
        "issuer": provider.issuer,
        "discovery_url": provider.issuer.rstrip("/") + DISCOVERY,
        "authorization_url": provider.authorization_endpoint,
        "token_url": provider.token_endpoint,
        "userinfo_url": provider.userinfo_endpoint,
        "jwks_url": provider.jwks_uri,
        "end_session_url": provider.end_session_endpoint,
        "introspection_url": provider.introspection_endpoint,
        "realm": realm,
        "name": way.name,
        "id": way.id,
        "role": way.role,
        "claim": client.roles_claim,
    }


def placeholders_at_forge(forge: App, client: RegisteredApp, app: App) -> dict[str, str]:
    """Return placeholder to value for an app whose users sign in at a forge.

    A forge is no provider with a realm and a discovery document: only its address is known.

    Args:
        forge: the forge as an app of the run.
        client: the app as a client there.
        app: the app.
    """
    return {
        "provider_url": forge.url,
        "provider_domain": forge.domain,
        "client_id": client.client_id,
        "client_secret": client.secret,
        "redirect_url": client.back,
        "domain": app.domain,
        "url": app.url,
    }
