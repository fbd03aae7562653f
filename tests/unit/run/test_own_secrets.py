"""A secret of the recipe itself fails the install stage, unless recipe.toml says why it may be."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.recipe.config import load_recipe_config
from ccci.run.own_secrets import check_secrets_are_own

REASON = "The database is on the app's own network."
COMPOSE = """
services:
  app: {{image: shop, environment: {{DB_PASSWORD: shop}}}}
secrets:
  key: {{{key}}}
"""
FILE = "file: ./key.txt"
EXTERNAL = "external: true, name: '${STACK_NAME}_key_v1'"


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def _driver(folder: Path, key: str, toml: str | None) -> AppDriver:
    (folder / "compose.yml").write_text(COMPOSE.format(key=key))
    if toml is not None:
        (folder / "recipe.toml").write_text(toml)
    driver = SimpleNamespace(
        compose_files=lambda: [folder / "compose.yml"],
        checkout=SimpleNamespace(path=folder, texts=lambda: _texts(folder)),
        config=load_recipe_config(folder / "recipe.toml"),
        env={},
        app=SimpleNamespace(stack="shop_lab"),
    )
    return cast(AppDriver, driver)


def test_each_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecipeFailure) as failure:
        check_secrets_are_own(_driver(tmp_path, FILE, "weight = 1\n"))
    said = str(failure.value)
    assert said.startswith("Expected abra to make each secret for this app alone:\nsecret 'key' is")
    assert "variable DB_PASSWORD of service 'app' has a text of the recipe" in said
    assert "name it in [not_secret] of recipe.toml" in said


def test_a_reason_allows_one(tmp_path: Path) -> None:
    toml = f'[not_secret]\nDB_PASSWORD = "{REASON}"\n'
    assert check_secrets_are_own(_driver(tmp_path, EXTERNAL, toml)) == "Secrets: key."
    with pytest.raises(RecipeFailure, match="secret 'key' is a text"):
        check_secrets_are_own(_driver(tmp_path, FILE, toml))


def test_without_recipe_toml_a_guess_is_only_told(tmp_path: Path) -> None:
    said = check_secrets_are_own(_driver(tmp_path, EXTERNAL, None))
    assert said.startswith("Secrets: key.\nvariable DB_PASSWORD of service 'app'")
    with pytest.raises(RecipeFailure, match="secret 'key' is a text") as failure:
        check_secrets_are_own(_driver(tmp_path, FILE, None))
    assert "DB_PASSWORD" not in str(failure.value)


def test_a_config_holds_no_secret_either(tmp_path: Path) -> None:
    driver = _driver(tmp_path, EXTERNAL, f'[not_secret]\nDB_PASSWORD = "{REASON}"\n')
    with (tmp_path / "compose.yml").open("a") as file:
        file.write("configs: {ini: {name: '${STACK_NAME}_ini_v1', file: app.ini}}\n")
    (tmp_path / "app.ini").write_text('TOKEN = {{ secret "token" }}\nTOKEN_URI = file:/run/x\n')
    assert check_secrets_are_own(driver) == "Secrets: key."
    (tmp_path / "app.ini").write_text("INTERNAL_TOKEN = 9f2c41d07be84c0e9d7a6b5f\n")
    with pytest.raises(
        RecipeFailure, match=r"'INTERNAL_TOKEN' has a text of the recipe in app.ini"
    ):
        check_secrets_are_own(driver)
