"""Which secrets are the same for every app of a recipe."""

from typing import Any

import pytest

from ccci.recipe.fixed_secrets import fixed_options, fixed_variables, secrets_of_others

VERSION = {"SECRET_KEY_VERSION": "v1"}
OWN = {"external": True, "name": "${STACK_NAME}_key_${SECRET_KEY_VERSION}"}


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ({"file": "./key.txt"}, "is a text in the file ./key.txt of the recipe"),
        ({"name": "${STACK_NAME}_key_v1", "file": "k"}, "is a text in the file k of the recipe"),
        ({"environment": "KEY"}, "is a text in the recipe, the same for every app"),
        ({"external": True}, "is 'key' in the Swarm, which is not this app's alone"),
        ({"external": True, "name": "shared_key_v1"}, "is 'shared_key_v1' in the Swarm"),
        ({"external": {"name": "shared"}}, "is 'shared' in the Swarm"),
        (None, "is a text in the recipe"),
    ],
)
def test_a_secret_that_abra_does_not_make_is_found(secret: Any, said: str) -> None:
    found = secrets_of_others([{"secrets": {"key": secret}}], VERSION, "blog_lab")
    assert said in found["key"]
    assert "${STACK_NAME}_key_${SECRET_KEY_VERSION}" in found["key"]


def test_a_secret_of_the_app_is_none() -> None:
    assert secrets_of_others([{"secrets": {"key": OWN}}, {}], VERSION, "blog_lab") == {}


def _variables(entries: object, **settings: str) -> list[str]:
    contents = [{"services": {"app": {"environment": entries}}}]
    return list(fixed_variables(contents, {"DOMAIN": "x.lab.test", **settings}, {"DOMAIN": "x"}))


@pytest.mark.parametrize(
    "entry",
    [
        "DB_PASSWORD=wiki",
        "database__connection__password=ghost",
        "POSTGRESPASSWORD=a",
        "SECRET_KEY_BASE=0123456789",
        "GITEA__security__SECRET_KEY=x",
        "MEILI_MASTER_KEY=x",
        "API_TOKEN=${API_TOKEN:-changeme}",
        "JWT_SECRET=$${not-a-variable",
    ],
)
def test_a_variable_with_a_text_is_found(entry: str) -> None:
    assert _variables([entry]) == [entry.partition("=")[0]]
    name, _, value = entry.partition("=")
    assert _variables({name: value}) == [name]


@pytest.mark.parametrize(
    "entry",
    [
        "DB_PASSWORD_FILE=/run/secrets/db_password",
        "DB_PASSWORD=/run/secrets/db_password",
        "SMTP_PASSWORD",
        "SMTP_PASSWORD=${SMTP_PASSWORD}",
        "SMTP_PASSWORD=",
        "ALLOW_EMPTY_PASSWORD=yes",
        "PASSWORD_MIN_LENGTH=12",
        "TOKEN_LIFETIME=3600",
        "STRIPE_PUBLIC_KEY=pk",
        "BYPASS=all",
        "SEED_TOKEN=${DOMAIN}",
    ],
)
def test_what_only_tells_of_a_secret_is_none(entry: str) -> None:
    assert _variables([entry]) == []


def test_a_text_of_the_samples_settings_is_found_and_the_operators_own_is_not() -> None:
    contents = [{"services": {"app": {"environment": ["TOKEN", "OTHER_TOKEN=${TOKEN}"]}}}]
    sample = {"TOKEN": "changeme"}
    assert list(fixed_variables(contents, sample, sample)) == ["TOKEN", "OTHER_TOKEN"]
    assert list(fixed_variables(contents, {"TOKEN": "mine"}, sample)) == []


def test_no_sentence_has_a_value() -> None:
    contents = [{"services": {"app": {"environment": {"DB_PASSWORD": "hunter2"}}}}]
    sentence = fixed_variables(contents, {}, {})["DB_PASSWORD"]
    assert "hunter2" not in sentence
    assert "service 'app'" in sentence


@pytest.mark.parametrize(
    ("line", "is_fixed"),
    [
        ("gitea admin user create --username a --password changeme1", True),
        ("app user add --admin-token=abc || true", True),
        ("app user add --password 'welcome'", True),
        ('app user add --password "$1"', False),
        ("app user add --password $(cat /run/secrets/x)", False),
        ("app user add --random-password --must-change-password=false", False),
        ("app user add --password-file /run/secrets/x --password <password>", False),
        ("# app user add --password changeme1", False),
        ("pg_dump --no-password wiki", False),
        ("app user --reset-password otto", False),
        ('echo "usage: add --password PASSWORD"', False),
        ('app user add --secret {{ secret "x" }}', False),
    ],
)
def test_an_option_with_a_password_of_the_recipe_is_seen(line: str, is_fixed: bool) -> None:
    assert bool(fixed_options({"abra.sh": f"add() {{\n  {line}\n}}\n"})) is is_fixed
