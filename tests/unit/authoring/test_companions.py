"""The check of the companions finds each defect with file and line, and no other."""

import re
from pathlib import Path

import pytest

from ccci.authoring.contract import check_contract
from tests.unit.authoring.checked_project import change, make_project

TOML = "recipes/blog/recipe.toml"
POST = "resources/companions/post"
SHARE = '[share]\nmemory = "128 MiB"\npids = 64\nlog = "1 MiB"\ndisk = "1 MiB"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in order with a companion, which a recipe names."""
    root = make_project(tmp_path)
    change(root, TOML, "weight = 2\n", 'weight = 2\ncompanions = ["post"]\n')
    change(root, f"{POST}/recipe.toml", "", f"weight = 0\n{SHARE}")
    change(root, f"{POST}/recipe/compose.yml", "", "services:\n  app:\n    image: post:1\n")
    return root


def found(root: Path) -> list[str]:
    return [str(finding) for finding in check_contract(root)]


def test_a_companion_in_order_has_no_finding(root: Path) -> None:
    assert found(root) == []


LIMIT = '[[limit]]\nservice = "db"\npids = 32\nreason = "It starts a process for each mail."\n'


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (TOML, '"post"', '"mail"', rf"{TOML}:2: P5: companions names 'mail': .* There are: post\."),
        (f"{POST}/recipe.toml", "weight = 0", "wieght = 0", rf"{POST}/recipe.toml:1: P5: unknown"),
        (f"{POST}/recipe.toml", "0", "1", rf"{POST}/recipe.toml:1: P5: \[share\] goes with weight"),
        (f"{POST}/recipe.toml", "", LIMIT, rf"{POST}/recipe.toml:8: P5: the recipe has no service"),
        (f"{POST}/recipe/compose.yml", "app", "smtp", rf"{POST}/recipe/.*:1: P5: .* service 'app'"),
        (f"{POST}/recipe/compose.yml", "image:", ": {", rf"{POST}/recipe/compose.yml:1: P5: "),
        ("recipes/post/recipe.toml", "", "", rf"{POST}/recipe.toml:1: P5: 'post' is an enrolled"),
        (
            "docs/enroll-recipe.md",
            "`share`",
            "",
            r"docs/enroll-recipe.md:1: P8: the recipe.toml key 'share'",
        ),
    ],
)
def test_a_defect_is_found_with_file_and_line(
    root: Path, file: str, old: str, new: str, expected: str
) -> None:
    change(root, file, old, new)
    assert any(re.match(expected, line) for line in found(root)), "\n".join(found(root))


def test_a_companion_without_a_recipe_is_found(root: Path) -> None:
    (root / POST / "recipe" / "compose.yml").unlink()
    assert found(root) == [
        f"{POST}/recipe/compose.yml:1: P5: missing; expected the companion's own recipe."
    ]
