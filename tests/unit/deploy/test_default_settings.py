"""The settings that people deploy with are those that a run tries."""

import pytest

from ccci.deploy.default_settings import replaced_defaults
from ccci.recipe.config import RecipeConfig

SAMPLE = {
    "TYPE": "blog", "DOMAIN": "blog.example.com", "LETS_ENCRYPT_ENV": "production",
    "COMPOSE_FILE": "compose.yml:compose.postgres.yml", "LEVEL": "info", "NAME": "blog.example.com",
    "ISSUER": "https://example.com", "SECRET_KEY_VERSION": "v1",
}  # fmt: skip
CONFIG = RecipeConfig.model_validate(
    {"env": {"NAME": "{domain}"}, "sign_in": {"wiring": [{"settings": {"ISSUER": "{issuer}"}}]}}
)
DEPLOYED = {
    **SAMPLE, "DOMAIN": "blog.lab.test", "LETS_ENCRYPT_ENV": "", "NAME": "blog.lab.test",
    "ISSUER": "https://sso.lab.test", "SECRET_KEY_VERSION": "v2", "MORE": "yes",
    "COMPOSE_FILE": "compose.yml:compose.postgres.yml:compose.sso.yml",
}  # fmt: skip


def test_what_a_run_must_set_and_what_recipe_toml_names_may_differ() -> None:
    assert list(replaced_defaults(SAMPLE, DEPLOYED, CONFIG)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("COMPOSE_FILE", "compose.yml:compose.sso.yml"), ("LEVEL", "debug"), ("LEVEL", None)],
)
def test_nobody_else_replaces_a_default(key: str, value: str | None) -> None:
    env = {name: text for name, text in {**DEPLOYED, key: value}.items() if text is not None}
    assert list(replaced_defaults(SAMPLE, env, CONFIG)) == [key]
