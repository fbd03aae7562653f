"""The lab's abra: version tags, stack names, generated secrets."""

import re
from pathlib import Path
from typing import cast

import pytest

from ccci import apps
from lab import stacks
from lab.standins.abracli import tags
from lab.standins.abracli.app import App, stack_name
from lab.standins.abracli.envfile import EnvFile
from lab.standins.abracli.recipe import Recipe
from lab.standins.abracli.secrets import new_value


def test_tags_are_ordered_by_recipe_version_then_app_version() -> None:
    mixed = ["1.10.0+1.0", "1.9.0+3.0", "1.10.0+1.10", "1.10.0+1.9", "0.1.0", "nonsense", "latest"]
    assert tags.ascending(mixed) == [
        "0.1.0",
        "1.9.0+3.0",
        "1.10.0+1.0",
        "1.10.0+1.9",
        "1.10.0+1.10",
    ]


@pytest.mark.parametrize(
    "tag", ["1.0.0+1.14.3", "3.5.3+1.24.2-rootless", "0.2.0+v0.4", "1.0.0+v1.6.870-0"]
)
def test_tags_seen_in_public_recipes_are_versions(tag: str) -> None:
    assert tags.is_version(tag)


def test_newer_and_older() -> None:
    known = ["1.0.0+1", "1.1.0+2", "1.2.0+2"]
    assert tags.newer(known, "1.0.0+1") == ["1.1.0+2", "1.2.0+2"]
    assert tags.older(known, "1.1.0+2") == ["1.0.0+1"]


@pytest.mark.parametrize(
    ("domain", "stack"),
    [
        ("blog.lab.test", "blog_lab_test"),
        ("custom-html-pr0-abcdef0.lab.test", "custom-html-pr0-abcdef0_lab_test"),
        ("a" * 50 + ".lab.test", "a" * 45),
    ],
)
def test_stack_name(domain: str, stack: str) -> None:
    assert stack_name(domain) == stack


@pytest.mark.parametrize("length", [44, 45, 46, 64])
@pytest.mark.parametrize("settings", [{}, {"STACK_NAME": "own"}, {"STACK_NAME": "x" * 50}])
def test_suites_lab_and_abra_use_the_same_stack_name(
    length: int, settings: dict[str, str], tmp_path: Path
) -> None:
    """Each has a function of its own, since they may not import each other."""
    domain = ("a" * (length - 9) + ".lab.test").ljust(length, "t")
    assert len(domain) == length
    app = App(domain, "default", tmp_path, EnvFile(settings, {}), cast(Recipe, None), "")
    assert apps.stack_name(domain, settings) == app.stack
    assert stacks.stack_name(domain) == stack_name(domain) == domain.replace(".", "_")[:45]


@pytest.mark.parametrize(
    ("charset", "pattern"),
    [
        ("", r"[A-Za-z0-9]{40}"),
        ("hex", r"[0-9a-f]{40}"),
        ("alnum", r"[A-Za-z0-9]{40}"),
        ("special", r"[!@#$%^&*_\-+=]{40}"),
        ("default,special", r"[A-Za-z0-9!@#$%^&*_\-+=]{40}"),
    ],
)
def test_a_password_has_the_given_length_and_alphabet(charset: str, pattern: str) -> None:
    values = {new_value(40, charset) for _ in range(20)}
    assert len(values) == 20
    assert all(re.fullmatch(pattern, value) for value in values)


def test_without_a_length_it_is_a_passphrase() -> None:
    values = {new_value(None) for _ in range(20)}
    assert len(values) == 20
    assert all(re.fullmatch(r"([a-z]+-){4}[a-z]+", value) for value in values)
