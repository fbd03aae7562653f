"""`make new` makes folders that pass the check, but for what only a person can write."""

from pathlib import Path

import pytest

from ccci.authoring.contract import check_contract
from ccci.authoring.new import main, make_recipe
from ccci.errors import Misuse
from tests.unit.authoring.checked_project import change, make_project

COMPOSE = """\
version: "3.8"
services:
  app:
    image: n8nio/n8n:1.2.3
    volumes: ["data:/data"]
    healthcheck:
      test: ["CMD-SHELL", "wget -qO- http://localhost:5678/healthz"]
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.x.rule=Host(`x`)"
        - "coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-240}"
        - "backupbot.backup=true"
  db:
    image: postgres:15
volumes:
  data:
  db:
"""
ENV = "TYPE=n8n\nDOMAIN=n8n.example.com\n#OIDC_ENABLED=true\n#SMTP_HOST=\nPASSWORD_ITEMS=3\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in order, whose generic stages are called as in this one."""
    return make_project(tmp_path / "project")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "n8n"
    folder.mkdir()
    (folder / "compose.yml").write_text(COMPOSE, encoding="utf-8")
    (folder / ".env.sample").write_text(ENV, encoding="utf-8")
    return folder


def test_only_what_a_person_must_write_is_left(root: Path, source: Path) -> None:
    # The words of lifecycle.resource, which the skeletons build on.
    change(
        root,
        "resources/lifecycle.resource",
        "",
        "*** Settings ***\nDocumentation       A run.\n\n\n*** Keywords ***\n"
        "The App Should Be Healthy\n    [Documentation]    It answers.\n"
        "    The Page Should Say    index.html    hello\n",
    )
    left = make_recipe(root, "n8n", source)
    assert left, "nothing is named to be written"
    assert sorted(check_contract(root)) == sorted(left)
    assert {item.kind for item in left} == {"to write"}
    files = {item.path for item in left}
    assert "suites/n8n/2__functional.robot" in files
    assert "recipes/n8n/n8n.resource" in files
    assert "recipes/n8n/defects.toml" in files


def test_the_settings_are_guessed_from_the_compose_file(root: Path, source: Path) -> None:
    make_recipe(root, "n8n", source)
    text = (root / "recipes" / "n8n" / "recipe.toml").read_text(encoding="utf-8")
    assert "weight = 2" in text
    assert 'health_path = "/healthz"' in text
    assert "timeout_seconds = 240" in text
    assert "OIDC_ENABLED" in text
    assert "# Settings of mail: SMTP_HOST." in text and '# companions = ["mail"]' in text
    assert "# Backup labels on: app." in text
    parity = (root / "recipes" / "n8n" / "PARITY.md").read_text(encoding="utf-8")
    assert "recipe-info/n8n/tests/oidc_login.py" in parity


def test_what_stands_in_the_default_overlays_counts(root: Path, source: Path) -> None:
    """Its own compose.yml names neither the database nor its volume, label and route."""
    (source / "compose.yml").write_text(
        "x-web: &web\n  healthcheck: { test: wget -q http://localhost:3000/live }\n"
        "services:\n  app: { <<: *web, image: '${IMAGE:-wiki}:${TAG}' }\nvolumes: { files: }\n"
    )
    (source / "data").mkdir()
    (source / "data" / "compose.postgres.yml").write_text(
        "services:\n  app:\n    deploy:\n      labels: { traefik.http.routers.x.rule: y }\n"
        "  db:\n    image: ghcr.io/somebody/postgis:17\n    deploy:\n      labels:\n"
        "        backupbot.backup: ${ENABLE_BACKUPS:-true}\n"
        "        coop-cloud.${STACK_NAME}.timeout: ${TIMEOUT:-600}\nvolumes: { db-data: }\n"
    )
    (source / "compose.oauth.yml").write_text("services: { app: { environment: [OAUTH_URL] } }\n")
    (source / ".env.sample").write_text(
        'TAG=1.2\nCOMPOSE_FILE="compose.yml"\n'
        'COMPOSE_FILE="$COMPOSE_FILE:data/compose.postgres.yml"\n'
    )
    make_recipe(root, "wiki", source)
    text = (root / "recipes" / "wiki" / "recipe.toml").read_text(encoding="utf-8")
    assert "# Service app: wiki:1.2\n# Service db: ghcr.io/somebody/postgis:17\n" in text
    assert "# Volumes: files, db-data.\n" in text
    assert "# Overlays to choose from by COMPOSE_FILE: compose.oauth.yml.\n" in text
    assert "# Backup labels on: db.\n" in text
    assert "\nweight = 2\n" in text and "\ntimeout_seconds = 600\n" in text
    assert '\nhealth_path = "/live"\n' in text and "OAUTH_URL" in text
    assert (root / "suites" / "wiki" / "3__browser.robot").exists()


def test_an_app_without_a_router_has_no_browser_tests(root: Path, source: Path) -> None:
    (source / "compose.yml").write_text("services:\n  app:\n    image: mumble:1\n")
    make_recipe(root, "mumble", source)
    assert not (root / "suites" / "mumble" / "3__browser.robot").exists()
    assert "[browser]" in (root / "recipes" / "mumble" / "recipe.toml").read_text(encoding="utf-8")


def test_what_is_there_is_not_overwritten(root: Path, source: Path) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(Misuse, match="recipes/blog is there already"):
        make_recipe(root, "blog", source)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("compose", "sentence"),
    [
        (None, "no recipe is here"),
        ("services: [", "does not parse"),
        ("version: '3'", "names no services"),
    ],
)
def test_a_source_that_is_no_recipe_leaves_nothing(
    root: Path, source: Path, compose: str | None, sentence: str
) -> None:
    (source / "compose.yml").unlink()
    if compose is not None:
        (source / "compose.yml").write_text(compose, encoding="utf-8")
    before = sorted(root.rglob("*"))
    with pytest.raises(Misuse, match=sentence):
        make_recipe(root, "n8n", source)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("name", ["", "N8N", "../x", "generic", "a b", "x" * 60])
def test_a_name_that_cannot_be_one_is_refused(root: Path, source: Path, name: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(Misuse):
        make_recipe(root, name, source)
    assert sorted(root.rglob("*")) == before


def test_an_unknown_recipe_is_one_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(root / "state"))
    monkeypatch.setenv("CCCI_SERVER_FILE", str(root / "none.toml"))
    assert main(["nowhere", "--root", str(root)]) == 2
    seen = capsys.readouterr().err.strip()
    assert seen.startswith("There is no recipe 'nowhere' in ")
    assert "\n" not in seen
    assert not (root / "recipes" / "nowhere").exists()
