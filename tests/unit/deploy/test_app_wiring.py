"""Sign-in is configured by the names of the checkout that is deployed."""

from pathlib import Path

import pytest

from ccci.apps import App
from ccci.deploy.app_wiring import AppWiring
from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import read_env
from ccci.recipe.offered import Offered, read_offered
from ccci.recipe.tables import PLACEHOLDERS
from ccci.sso.oidc import Provider
from ccci.sso.placeholders import RegisteredApp, WayIn, placeholders

VALUES = dict.fromkeys(PLACEHOLDERS, "-") | {
    "issuer": "https://sso.lab.test/realms/wiki",
    "name": "The Guild",
    "client_secret": "hush",
}
CONFIG = RecipeConfig.model_validate(
    {
        "overlays": [["compose.ports.yml", "compose.old-ports.yml"]],
        "sign_in": {
            "wiring": [
                {
                    "overlay": "sso/compose.oidc.yml",
                    "settings": {"OIDC_ISSUER": "{issuer}", "OIDC_NAME": "{name}"},
                    "secret": {"client_secret": "{client_secret}"},
                },
                {
                    "overlay": "compose.sso.yml",
                    "settings": {"SSO_OPTIONS": '{"issuer": "{issuer}"}'},
                    "secret": {"sso_secret": "{client_secret}"},
                },
            ]
        },
    }
)
COMPOSE = "services: { app: { image: 'nginx:1' } }\n"
OIDC = """\
services: { app: { environment: [OIDC_ISSUER, OIDC_NAME] } }
secrets:
  client_secret: { external: true, name: "${STACK_NAME}_c_${SECRET_CLIENT_SECRET_VERSION}" }
"""
SSO = """\
services: { app: { environment: [SSO_OPTIONS] } }
secrets:
  sso_secret: { external: true, name: "${STACK_NAME}_s_${SECRET_SSO_SECRET_VERSION}" }
"""
SAMPLE = 'TYPE=wiki\nCOMPOSE_FILE="compose.yml"\nCOMPOSE_FILE="$COMPOSE_FILE:compose.db.yml"\n'


def offered_by(folder: Path, *names: str, sample: str = SAMPLE) -> Offered:
    """Return what a checkout with these overlays offers."""
    folder.mkdir()
    contents = {"sso/compose.oidc.yml": OIDC, "compose.sso.yml": SSO}
    for name in ("compose.yml", "compose.db.yml", *names):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(contents.get(name, COMPOSE))
    (folder / ".env.sample").write_text(sample)
    return read_offered(folder)


class AnApp:
    """An app's .env file, and the secrets that it was given."""

    def __init__(self, path: Path, config: RecipeConfig = CONFIG, sample: str = SAMPLE) -> None:
        path.write_text(sample)
        self.path, self.inserted = path, list[tuple[str, str, str]]()
        self.wiring = AppWiring("wiki", config, path, lambda *told: self.inserted.append(told))

    @property
    def env(self) -> dict[str, str]:
        return read_env(self.path)


@pytest.fixture
def app(tmp_path: Path) -> AnApp:
    return AnApp(tmp_path / "app.env")


def test_the_overlay_is_added_to_what_the_recipe_has_by_default(app: AnApp, tmp_path: Path) -> None:
    offered = offered_by(tmp_path / "head", "sso/compose.oidc.yml", "compose.ports.yml")
    app.wiring.begin(offered)
    assert app.env["COMPOSE_FILE"] == "compose.yml:compose.db.yml:compose.ports.yml"
    app.wiring.wire(VALUES, offered)
    assert app.env == {
        "TYPE": "wiki",
        "COMPOSE_FILE": "compose.yml:compose.db.yml:compose.ports.yml:sso/compose.oidc.yml",
        "OIDC_ISSUER": "https://sso.lab.test/realms/wiki",
        "OIDC_NAME": "The Guild",
        "SECRET_CLIENT_SECRET_VERSION": "v1",
    }
    assert app.inserted == [("client_secret", "hush", "v1")]
    # Once is enough, however often the same checkout is deployed.
    before = app.path.read_text()
    app.wiring.follow(offered)
    assert app.path.read_text() == before and len(app.inserted) == 1


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("SECRET_CLIENT_SECRET_VERSION=v1", "v2"),
        ("SECRET_CLIENT_SECRET_VERSION=v9 # length=32", "v10"),
        ("SECRET_CLIENT_SECRET_VERSION=first", "first2"),
        ("SECRET_CLIENT_SECRET_VERSION=v1 # generate=false", "v1"),
        ("#SECRET_CLIENT_SECRET_VERSION=v3", "v3"),
    ],
)
def test_a_secret_that_abra_would_generate_gets_the_next_version(
    tmp_path: Path, line: str, version: str
) -> None:
    sample = f"{SAMPLE}{line}\n"
    offered = offered_by(tmp_path / "head", "sso/compose.oidc.yml", sample=sample)
    app = AnApp(tmp_path / "app.env", sample=sample)
    app.wiring.begin(offered)
    app.wiring.wire(VALUES, offered)
    assert app.env["SECRET_CLIENT_SECRET_VERSION"] == version
    assert app.inserted == [("client_secret", "hush", version)]


def test_an_upgrade_begins_with_the_names_of_the_release_and_ends_with_those_of_the_head(
    app: AnApp, tmp_path: Path
) -> None:
    release = offered_by(tmp_path / "release", "compose.sso.yml", "compose.old-ports.yml")
    head = offered_by(tmp_path / "head", "sso/compose.oidc.yml", "compose.ports.yml")
    app.wiring.begin(release)
    app.wiring.wire(VALUES, release)
    assert app.env["COMPOSE_FILE"].endswith(":compose.old-ports.yml:compose.sso.yml")
    assert app.env["SSO_OPTIONS"] == '{"issuer": "https://sso.lab.test/realms/wiki"}'
    app.wiring.follow(head)
    used = app.env["COMPOSE_FILE"].split(":")
    assert "compose.sso.yml" not in used and "compose.old-ports.yml" not in used
    assert used[-2:] == ["compose.ports.yml", "sso/compose.oidc.yml"]
    assert app.env["OIDC_ISSUER"] == "https://sso.lab.test/realms/wiki"
    assert [name for name, _, _ in app.inserted] == ["sso_secret", "client_secret"]


def test_a_release_without_sign_in_is_wired_when_the_head_is_deployed(
    app: AnApp, tmp_path: Path
) -> None:
    release, head = (
        offered_by(tmp_path / "release"),
        offered_by(tmp_path / "h", "sso/compose.oidc.yml"),
    )
    app.wiring.begin(release)
    app.wiring.wire(VALUES, release)
    assert app.env["COMPOSE_FILE"] == "compose.yml:compose.db.yml" and not app.inserted
    app.wiring.follow(head)
    assert app.inserted == [("client_secret", "hush", "v1")]


def test_a_secret_of_the_same_name_is_not_inserted_twice(tmp_path: Path) -> None:
    ways = [
        {"overlay": "new.yml", "secret": {"client_secret": "{client_secret}"}},
        {"overlay": "sso/compose.oidc.yml", "secret": {"client_secret": "{client_secret}"}},
    ]
    app = AnApp(tmp_path / "app.env", RecipeConfig.model_validate({"sign_in": {"wiring": ways}}))
    release = offered_by(tmp_path / "release", "sso/compose.oidc.yml")
    more = f'{SAMPLE}#COMPOSE_FILE="$COMPOSE_FILE:new.yml"\n'
    head = offered_by(tmp_path / "head", "sso/compose.oidc.yml", "new.yml", sample=more)
    app.wiring.begin(release)
    app.wiring.wire(VALUES, release)
    app.wiring.follow(head)
    assert app.env["COMPOSE_FILE"] == "compose.yml:compose.db.yml:new.yml"
    assert len(app.inserted) == 1


def test_a_new_app_knows_of_no_provider(app: AnApp, tmp_path: Path) -> None:
    offered = offered_by(tmp_path / "head", "sso/compose.oidc.yml")
    app.wiring.begin(offered)
    app.wiring.wire(VALUES, offered)
    app.path.write_text(SAMPLE)
    app.wiring.begin(offered)
    assert app.env["COMPOSE_FILE"] == "compose.yml:compose.db.yml"
    app.wiring.wire(VALUES, offered)
    assert [name for name, _, _ in app.inserted] == ["client_secret", "client_secret"]


def test_a_recipe_without_compose_file_in_its_sample(tmp_path: Path) -> None:
    offered = offered_by(tmp_path / "head", "sso/compose.oidc.yml", sample="TYPE=wiki\n")
    app = AnApp(tmp_path / "app.env", sample="TYPE=wiki\n")
    app.wiring.begin(offered)
    assert app.env == {"TYPE": "wiki"}
    app.wiring.wire(VALUES, offered)
    assert app.env["COMPOSE_FILE"] == "compose.yml:sso/compose.oidc.yml"


def test_a_recipe_that_names_no_way_says_where_to_name_one(tmp_path: Path) -> None:
    app = AnApp(tmp_path / "app.env", RecipeConfig())
    with pytest.raises(Misuse, match=r"recipes/wiki/recipe.toml has no \[\[sign_in.wiring\]\]"):
        app.wiring.wire(VALUES, offered_by(tmp_path / "head"))


def test_there_is_a_value_for_each_placeholder() -> None:
    sso = App("keycloak", "sso.lab.test", "sso_lab_test", "https://sso.lab.test")
    wiki = App("wiki", "wiki.lab.test", "wiki_lab_test", "https://wiki.lab.test")
    realm = "https://sso.lab.test/realms/wiki-1"
    provider = Provider(realm, f"{realm}/auth", f"{realm}/token", f"{realm}/who", f"{realm}/certs",
                        f"{realm}/logout", (), ())  # fmt: skip
    client = RegisteredApp("wiki", "hush", "https://wiki.lab.test/back", "roles")
    way = WayIn("The Guild", "guild", "member")
    values = placeholders(provider, sso, "wiki-1", client, wiki, way)
    assert values.keys() == PLACEHOLDERS.keys()
    assert values["discovery_url"] == f"{realm}/.well-known/openid-configuration"
    assert (values["provider_domain"], values["domain"]) == ("sso.lab.test", "wiki.lab.test")
    assert (values["client_secret"], values["redirect_url"]) == ("hush", client.back)
    assert (values["name"], values["id"], values["role"]) == ("The Guild", "guild", "member")
    assert values["claim"] == "roles" and values["realm"] == "wiki-1"
    assert "hush" not in repr(client)
