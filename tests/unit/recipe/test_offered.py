"""What a recipe offers is read from its files, in every form that recipes use."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.recipe.compose import as_map, fill_in, images_in, labels_in
from ccci.recipe.envfile import read_exports
from ccci.recipe.offered import read_offered

FILES = {
    ".env.sample": """\
TYPE=guestbook
DOMAIN=guestbook.example.com
COMPOSE_FILE="compose.yml"
COMPOSE_FILE="$COMPOSE_FILE:storage/compose.storage.yml"
#COMPOSE_FILE="$COMPOSE_FILE:extras/search.yml"
# COMPOSE_FILE="$COMPOSE_FILE:nowhere.yml"
UPLOAD_LIMIT=20 # in MB
# MAIL_FROM=admin@example.com
#GREETING=
SECRET_DB_PASSWORD_VERSION=v1 # length=32
SECRET_SIGNING_KEY_VERSION=v3
SECRET_API_KEY_VERSION=v2 # generate=false
# SECRET_CLIENT_SECRET_VERSION=v1
""",
    "abra.sh": "export ENTRYPOINT_VERSION=v4\nexport CONF_VERSION='v2' # newest\nrun() { true; }\n",
    "compose.yml": """\
---
version: "3.8"
x-common: &common
  logging: { driver: json-file }
  environment: &variables
    LOG_LEVEL: ${LOG_LEVEL:-info}
    SITE_TITLE:
services:
  app:
    <<: *common
    image: ${IMAGE:-nginx}:${IMAGE_TAG:-1.26.3}
    environment: { <<: *variables, DOMAIN: "$DOMAIN", PRICE: "$$COST" }
    ports: ["8080:80", { target: 2222, published: 222 }]
    secrets: [signing_key, api_key]
    volumes: ["uploads:/srv"]
    deploy:
      labels: ["traefik.http.services.${STACK_NAME}.loadbalancer.server.port=8000"]
  sweeper:
    image: busybox:1
    environment: ["EXTRA_ROOM", "FIXED=1"]
    deploy:
      replicas: 0
      labels: { backupbot.backup: "${ENABLE_BACKUPS:-true}", keep: true, days: 7 }
volumes: { uploads: }
configs:
  entrypoint: { name: "${STACK_NAME}_entrypoint_${ENTRYPOINT_VERSION:-v3}", file: e.sh }
secrets:
  signing_key: { external: true, name: "${STACK_NAME}_signing_key_${SECRET_SIGNING_KEY_VERSION}" }
  api_key: { external: true, name: "${STACK_NAME}_api_key_${SECRET_API_KEY_VERSION:-v1}" }
""",
    "storage/compose.storage.yml": """\
services:
  db:
    image: postgres:15
    volumes: [db-data:/var/lib/postgresql/data]
volumes: { db-data: }
secrets:
  db_password: { external: true, name: "${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}" }
""",
    "extras/search.yml": "services: { search: { image: 'sonic:1' } }\nvolumes: { index: }\n",
    "compose.oidc.yml": """\
services:
  app: { environment: [OIDC_ISSUER, "OIDC_NAME=${OIDC_NAME:-SSO}"], secrets: [client_secret] }
secrets:
  client_secret: { external: true, name: "${STACK_NAME}_x_${SECRET_CLIENT_SECRET_VERSION}" }
  odd-one: { external: true }
""",
    "compose.broken.yml": "services: [",
}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe with the traits of public ones."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_usual_files_are_those_that_the_sample_names(recipe: Path) -> None:
    offered = read_offered(recipe)
    assert offered.usual == ("compose.yml", "storage/compose.storage.yml")
    # Not the one that cannot be read, and not the one that is named only.
    assert offered.overlays == ["compose.oidc.yml", "extras/search.yml"]
    assert offered.unreadable == ("compose.broken.yml",)


def test_without_a_sample_it_is_compose_yml(recipe: Path) -> None:
    (recipe / ".env.sample").unlink()
    offered = read_offered(recipe)
    assert offered.usual == ("compose.yml",)
    assert "storage/compose.storage.yml" in offered.overlays
    assert "LOG_LEVEL" in offered.settings


def test_settings_are_of_the_sample_and_of_the_compose_files(recipe: Path) -> None:
    settings = read_offered(recipe).settings
    of_sample = {"UPLOAD_LIMIT", "MAIL_FROM", "GREETING", "SECRET_CLIENT_SECRET_VERSION"}
    of_compose = {"LOG_LEVEL", "SITE_TITLE", "EXTRA_ROOM", "IMAGE_TAG", "OIDC_ISSUER", "OIDC_NAME"}
    assert of_sample | of_compose <= set(settings)
    # A constant, a literal dollar, and what abra.sh decides.
    assert {"FIXED", "COST", "PRICE", "ENTRYPOINT_VERSION"}.isdisjoint(settings)
    assert len(settings) == len(set(settings))


def test_what_was_read_stays_as_it_was(recipe: Path) -> None:
    offered = read_offered(recipe)
    (recipe / "extras" / "search.yml").unlink()
    assert "search" in offered.named("service", ["extras/search.yml"])


def test_services_volumes_and_ports_are_of_the_files_in_use(recipe: Path) -> None:
    offered = read_offered(recipe)
    assert offered.named("service") == ["app", "sweeper", "db"]
    assert offered.named("service", ["extras/search.yml"]) == ["app", "sweeper", "db", "search"]
    assert offered.named("volume") == ["uploads", "db-data"]
    assert offered.named("volume", ["extras/search.yml"])[-1] == "index"
    assert offered.named("port") == ["80", "2222", "8000"]
    assert offered.named("secret") == ["signing_key", "api_key", "db_password"]


def test_secrets_know_their_version_and_who_makes_them(recipe: Path) -> None:
    seen = read_offered(recipe).secrets
    told = {name: (one.version_key, one.version, one.generated) for name, one in seen.items()}
    assert told == {
        "signing_key": ("SECRET_SIGNING_KEY_VERSION", "v3", True),
        "api_key": ("SECRET_API_KEY_VERSION", "v2", False),
        "db_password": ("SECRET_DB_PASSWORD_VERSION", "v1", True),
        "client_secret": ("SECRET_CLIENT_SECRET_VERSION", "v1", False),
        "odd-one": ("SECRET_ODD_ONE_VERSION", "v1", False),
    }


def test_labels_and_images_in_every_form(recipe: Path) -> None:
    files = [recipe / name for name in read_offered(recipe).usual]
    assert labels_in(files)["sweeper"] == {
        "backupbot.backup": "${ENABLE_BACKUPS:-true}", "keep": "true", "days": "7",
    }  # fmt: skip
    image = images_in(files)["app"]
    assert fill_in(image, {}) == "nginx:1.26.3"
    assert fill_in(image, {"IMAGE": "other", "IMAGE_TAG": ""}) == "other:1.26.3"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$A/${A}", "a/a"),
        ("$$A", "$A"),
        ("${EMPTY-x}${EMPTY:-x}${NONE-x}", "xx"),
        ("${A:+b}${NONE:+b}${NONE}", "b"),
        ("${NONE:?must be set}", ""),
    ],
)
def test_variables_are_filled_in_as_docker_does(text: str, filled: str) -> None:
    assert fill_in(text, {"A": "a", "EMPTY": ""}) == filled


def test_a_list_and_a_map_say_the_same() -> None:
    assert as_map(["a=1", "b"]) == {"a": "1", "b": ""}
    assert as_map({"a": 1, "b": None}) == {"a": "1", "b": ""}
    assert as_map(None) == {}


def test_exports_are_read_and_not_run(recipe: Path) -> None:
    assert read_exports(recipe / "abra.sh") == {"ENTRYPOINT_VERSION": "v4", "CONF_VERSION": "v2"}
    assert read_exports(recipe / "none.sh") == {}


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("compose.yml", "services: [", r"compose\.yml:1: the file does not parse"),
        ("compose.yml", "services: { app: [1] }", r"'services\.app' must be a mapping"),
        ("compose.yml", "- a", "the file is not a mapping"),
        (
            ".env.sample",
            "COMPOSE_FILE=gone.yml\n",
            r"gone\.yml is named in COMPOSE_FILE",
        ),
        (".env.sample", "COMPOSE_FILE=../x.yml\n", "lies outside of the recipe"),
    ],
)
def test_what_cannot_be_read_is_named(recipe: Path, file: str, text: str, sentence: str) -> None:
    (recipe / file).write_text(text, encoding="utf-8")
    with pytest.raises(Misuse, match=sentence):
        read_offered(recipe)


def test_an_overlay_that_leads_out_of_the_recipe_is_not_read(recipe: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / "compose.outside.yml"
    outside.write_text("services: { spy: { image: 'x:1' } }")
    (recipe / "compose.spy.yml").symlink_to(outside)
    assert "compose.spy.yml" not in read_offered(recipe).overlays
