"""The fingerprint of a suite changes with its tests, and with nothing else."""

from pathlib import Path

import pytest

from ccci.results.suite_fingerprint import fingerprint_of_suite

FILES = {
    "suites/generic/1__install.robot": "generic",
    "suites/shop/2__functional.robot": "a test",
    "suites/shop/tests.txt": "# Made\n2__functional: A Thing Is Sold\n",
    "recipes/shop/shop.resource": "words",
    "recipes/shop/recipe.toml": "weight = 1",
    "recipes/shop/Money.py": "class Money: ...",
    "recipes/bank/recipe.toml": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(tmp_path, name, text)
    (tmp_path / "suites/shop/1__install.robot").symlink_to("../generic/1__install.robot")
    return tmp_path


def write(project: Path, name: str, text: str) -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("suites/shop/2__functional.robot", "a weaker test"),
        ("suites/shop/tests.txt", "# Made\n2__functional: A Thing Is Shown\n"),
        ("recipes/shop/shop.resource", "other words"),
        ("recipes/shop/recipe.toml", "weight = 2"),
        ("recipes/shop/Money.py", "class Money: pass"),
        ("recipes/shop/data/price.json", "{}"),
    ],
)
def test_it_changes_with_the_tests(project: Path, name: str, text: str) -> None:
    before = fingerprint_of_suite(project, "shop")
    write(project, name, text)
    assert fingerprint_of_suite(project, "shop") != before


@pytest.mark.parametrize(
    "name",
    [
        "suites/generic/1__install.robot",
        "suites/shop/README.md",
        "recipes/shop/NOTES.md",
        "recipes/shop/defects.toml",
        "recipes/shop/verified.toml",
        "recipes/shop/__pycache__/Money.cpython-311.pyc",
        "recipes/bank/recipe.toml",
    ],
)
def test_it_does_not_change_with_what_decides_nothing_of_its_own(project: Path, name: str) -> None:
    before = fingerprint_of_suite(project, "shop")
    write(project, name, "something else")
    assert fingerprint_of_suite(project, "shop") == before


def test_a_comment_in_the_list_of_tests_and_a_link_more_do_not_change_it(project: Path) -> None:
    before = fingerprint_of_suite(project, "shop")
    write(project, "suites/shop/tests.txt", "# Made by hand\n2__functional: A Thing Is Sold\n")
    (project / "suites/shop/4__restart.robot").symlink_to("../generic/4__restart.robot")
    assert fingerprint_of_suite(project, "shop") == before


def test_a_file_under_another_name_is_another_suite(project: Path) -> None:
    before = fingerprint_of_suite(project, "shop")
    suite = project / "suites/shop"
    (suite / "2__functional.robot").rename(suite / "3__browser.robot")
    assert fingerprint_of_suite(project, "shop") != before


def test_a_recipe_without_a_suite_has_none(project: Path) -> None:
    assert fingerprint_of_suite(project, "bank") == ""
