"""The tables of recipe.toml with the recipe's own names: files, settings, secrets, services.

No other part of this project knows these names. Where recipes differ, a name has alternatives, and
the first that a checkout has is used; see `ccci.recipe.fit`.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

# The placeholders in the values of `[[sign_in.wiring]]`, and what they stand for.
PLACEHOLDERS = {
    "issuer": "the provider's address as apps know it",
    "discovery_url": "the provider's discovery document",
    "authorization_url": "the provider's page where people sign in",
    "token_url": "where the app trades the code for tokens",
    "userinfo_url": "where the app asks who somebody is",
    "jwks_url": "the provider's signing keys",
    "end_session_url": "where people sign out",
    "introspection_url": "where the app asks whether a token holds",
    "provider_url": "the provider's address, without a slash at its end",
    "provider_domain": "the provider's domain",
    "realm": "the name of the app's realm at the provider",
    "client_id": "the app's name at the provider",
    "client_secret": "the app's secret at the provider",
    "redirect_url": "where a sign-in comes back to",
    "domain": "the app's domain",
    "url": "the app's address, without a slash at its end",
    "name": "what people read on the button",
    "id": "the app's short name for this way to sign in",
    "role": "the role that people need to come in",
    "claim": "the claim of the ID token that lists people's roles",
}
# What a value of `[env]` may hold, before any provider is there.
APP_PLACEHOLDERS = ("domain", "url")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Table(BaseModel):
    """Unknown keys are refused: a misspelt key must not be a silently missing one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _known(value: str) -> str:
    unknown = [name for name in _PLACEHOLDER.findall(value) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"unknown placeholder {{{unknown[0]}}}; known: {known}")
    return value


def _known_of_app(value: str) -> str:
    unknown = [name for name in _PLACEHOLDER.findall(value) if name not in APP_PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in APP_PLACEHOLDERS)
        raise ValueError(f"unknown placeholder {{{unknown[0]}}}; known here: {known}")
    return value


def fill_in(text: str, values: dict[str, str]) -> str:
    """Return `text` with the placeholders in it filled in.

    Example:
        >>> fill_in("{issuer}/auth", {"issuer": "https://sso.lab.test"})
        'https://sso.lab.test/auth'
    """
    return _PLACEHOLDER.sub(lambda found: values[found.group(1)], text)


EnvKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
EnvValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=4096)]
Filled = Annotated[EnvValue, AfterValidator(_known)]
FilledOfApp = Annotated[EnvValue, AfterValidator(_known_of_app)]
ComposeName = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9_][\w.-]*/)*[A-Za-z0-9_][\w.-]*\.ya?ml$")
]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
OwnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]
# A service and a table of its database: `db.sessions`.
TableOfService = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w-]*\.\S+$")]
Meaning = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=20, strip_whitespace=True)]
Port = Annotated[int, Field(ge=1, le=65535)]
# One name, or several in order of preference.
EnvKeys = Annotated[list[EnvKey], BeforeValidator(_listed), Field(min_length=1)]
ComposeNames = Annotated[list[ComposeName], BeforeValidator(_listed), Field(min_length=1)]
SecretNames = Annotated[list[SecretName], BeforeValidator(_listed), Field(min_length=1)]
OwnNames = Annotated[list[OwnName], BeforeValidator(_listed), Field(min_length=1)]
Ports = Annotated[list[Port], BeforeValidator(_listed), Field(min_length=1)]
Called = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Wiring(Table):
    """One `[[sign_in.wiring]]`: how sign-in is configured in a recipe.

    Attributes:
        overlay: the compose file that switches sign-in on; None where none is needed.
        settings: setting to its value, with placeholders.
        secret: secret to its value, with placeholders.
    """

    overlay: ComposeName | None = None
    settings: dict[EnvKey, Filled] = {}
    secret: dict[SecretName, Filled] = {}

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.overlay is None and not self.settings and not self.secret:
            raise ValueError("it names no overlay, no settings and no secret")
        return self


class SignIn(Table):
    """`[sign_in]`: the ways to configure sign-in; the first that fits is used."""

    wiring: list[Wiring] = []


class Database(Table):
    """`[database]`: where the app keeps its data, as far as the images do not tell.

    Attributes:
        kind: of the database.
        service: the service that runs it; for SQLite, the one that has the file.
        name: the database's name in its server.
        user: the user who may read it.
        file: the file of a SQLite database, as the service sees it.
    """

    kind: Literal["postgres", "mariadb", "mysql", "sqlite"] | None = None
    service: OwnName | None = None
    name: Meaning | None = None
    user: Meaning | None = None
    file: Annotated[str, StringConstraints(pattern=r"^/[^\s]*[^\s/]$")] | None = None


class Names(Table):
    """`[names]`: the suite's word for a thing, and the recipe's name of it, or several to try.

    Attributes:
        services: of the compose files, other than `app`.
        settings: of .env.sample or the compose files.
        secrets: of the compose files.
        volumes: of the compose files.
        ports: that the recipe publishes, or that Traefik leads to.
    """

    services: dict[Called, OwnNames] = {}
    settings: dict[Called, EnvKeys] = {}
    secrets: dict[Called, SecretNames] = {}
    volumes: dict[Called, OwnNames] = {}
    ports: dict[Called, Ports] = {}
