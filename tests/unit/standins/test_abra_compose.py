"""The lab's abra: how compose files are read, and the overlay that is added to them."""

import json
from pathlib import Path

import pytest
import yaml

from lab.standins.abracli import backup, engine
from lab.standins.abracli.app import App
from lab.standins.abracli.compose import Compose, files_of, fill_in, overlay
from lab.standins.abracli.deploy import labels_for, timeout_of
from lab.standins.abracli.envfile import parse
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe

BASE = """
version: "3.8"
services:
  app:
    image: web:${TAG:-1}
    secrets: [one, {source: two, target: x}]
    environment:
      A: own
      B:
    deploy:
      labels:
        coop-cloud.x.timeout: "${TIMEOUT:-77}"
  db:
    image: db:1
secrets:
  one: {external: true, name: "${STACK_NAME}_one_${SECRET_ONE_VERSION}"}
  two: {external: true, name: two}
  three: {external: true, name: three}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "compose.yml").write_text(BASE, encoding="utf-8")
    (tmp_path / "compose.more.yml").write_text(
        'version: "3.8"\nservices:\n  app:\n    environment: [C=1]\n    secrets: [three]\n',
        encoding="utf-8",
    )
    return Recipe("r", tmp_path)


def make_app(recipe: Recipe) -> App:
    return App("x", "default", recipe.path / "x.env", parse("TYPE=r\nDOMAIN=x.test"), recipe, "")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$A", "a"),
        ("${A}x", "ax"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${N-d}", "d"),
        ("${N:-d}", "d"),
        ("${N}", ""),
        ("${A:?must}", "a"),
        ("$$A", "$A"),
        ("no", "no"),
    ],
)
def test_variables_are_replaced_as_in_docker(text: str, filled: str) -> None:
    assert fill_in(text, {"A": "a", "E": ""}) == filled


def test_compose_file_lists_the_files_and_the_error_names_a_missing_one(recipe: Recipe) -> None:
    assert files_of(recipe, {}) == [recipe.path / "compose.yml"]
    both = files_of(recipe, {"COMPOSE_FILE": "compose.yml:compose.more.yml"})
    assert [path.name for path in both] == ["compose.yml", "compose.more.yml"]
    with pytest.raises(Fatal, match=r"compose\.none\.yml does not exist"):
        files_of(recipe, {"COMPOSE_FILE": "compose.none.yml"})


def test_only_secrets_in_active_files_are_required(recipe: Recipe) -> None:
    one = Compose(files_of(recipe, {}), {})
    assert set(one.secrets()) == {"one", "two"}
    both = Compose(files_of(recipe, {"COMPOSE_FILE": "compose.yml:compose.more.yml"}), {})
    assert set(both.secrets()) == {"one", "two", "three"}


def test_the_overlay_adds_labels_and_keeps_the_variables_of_the_recipe(recipe: Recipe) -> None:
    compose = Compose(files_of(recipe, {"COMPOSE_FILE": "compose.yml:compose.more.yml"}), {})
    variables = {"A": "1", "B": "2", "C": "3", "D": "a$b"}
    content = yaml.safe_load(overlay(compose, {"l": "v"}, variables))
    # Docker would replace "$b" by the value of a variable.
    assert content["services"] == {
        "app": {"environment": {"D": "a$$b"}, "deploy": {"labels": {"l": "v"}}}
    }
    assert content["version"] == "3.8"


def test_no_overlay_without_a_service_app(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {web: {image: x}}", encoding="utf-8")
    assert overlay(Compose([tmp_path / "compose.yml"], {}), {"l": "v"}, {}) == ""


def test_labels_of_a_release(recipe: Recipe) -> None:
    assert labels_for(make_app(recipe), "1.0.0+1", chaos=False) == {
        "coop-cloud.x.recipe": "r",
        "coop-cloud.x.chaos": "false",
        "coop-cloud.x.version": "1.0.0+1",
    }


def test_with_chaos_the_label_with_the_version_is_that_of_the_compose_file(recipe: Recipe) -> None:
    labels = labels_for(make_app(recipe), "abcdef01+U", chaos=True)
    assert labels == {
        "coop-cloud.x.recipe": "r",
        "coop-cloud.x.chaos": "true",
        "coop-cloud.x.chaos-version": "abcdef01+U",
    }


@pytest.mark.parametrize(("settings", "seconds"), [({}, 77), ({"TIMEOUT": "5"}, 5)])
def test_the_timeout_is_that_of_the_label(
    recipe: Recipe, settings: dict[str, str], seconds: float
) -> None:
    assert timeout_of(make_app(recipe), Compose(files_of(recipe, {}), settings)) == seconds


def test_settings_are_from_the_env_file_and_abra_sh(recipe: Recipe) -> None:
    (recipe.path / "abra.sh").write_text(
        'export CONF_VERSION=v3\nexport Q="a b" # why\nX=no\n', encoding="utf-8"
    )
    settings = make_app(recipe).settings()
    assert settings["STACK_NAME"] == "x"
    assert (settings["CONF_VERSION"], settings["Q"]) == ("v3", "a b")
    assert "X" not in settings
    assert json.dumps(settings)


def test_without_a_backup_bot_the_error_names_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/abra.md, 4: the bot is found by a label."""
    monkeypatch.setattr(engine, "request", lambda *arguments: [])
    with pytest.raises(Fatal, match=r"no backupbot discovered: .*coop-cloud\.backupbot\.enabled"):
        backup.bot_container()
