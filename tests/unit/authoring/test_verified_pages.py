"""Readers see what each recipe's last green run ran on; a file that was edited is found."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ccci.authoring import pages
from ccci.authoring.contract import check_contract
from ccci.authoring.verified_pages import BEGIN, END
from ccci.results.suite_fingerprint import fingerprint_of_suite
from ccci.verified.file import Audited, Image, SleptThrough, Verified, verified_path, write_verified
from tests.unit.authoring.checked_project import change, make_project

FILE = "recipes/blog/verified.toml"
FUNCTIONAL = "suites/blog/2__functional.robot"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_project(tmp_path)
    change(root, "README.md", "", f"\n{BEGIN}\n\n{END}\n\nThe end.\n")
    pages.write(root)
    return root


def record(root: Path, **values: Any) -> Verified:
    lines = (root / "suites/blog/tests.txt").read_text().splitlines()
    known = {
        "recipe": "blog",
        "run": "20261125-080000-ab12",
        "date": date(2026, 11, 25),
        "head": 40 * "f",
        "release": "",
        "version": "1.2.0+3.1",
        "app_version": "3.1",
        "upgraded_from": "1.1.0+3.0",
        "abra": "abra version 0.13.0",
        "level": 5,
        "seconds": 83.4,
        "peak_memory_bytes": 64 << 20,
        "suite": fingerprint_of_suite(root, "blog"),
        "tests": [line for line in lines if not line.startswith(("#", "opted out of"))],
        "image": [
            Image(name="blog:3.1", id=f"sha256:{64 * 'a'}", origin="pulled", versions=["head"]),
            Image(
                name="blog:3.0",
                id=f"sha256:{64 * 'b'}",
                origin="built by the lab",
                versions=["1.1.0+3.0"],
            ),
        ],
    }
    verified = Verified.model_validate(known | values)
    write_verified(verified_path(root, "blog"), verified)
    return verified


def found_in(root: Path) -> list[str]:
    return [str(found) for found in check_contract(root)]


def test_a_recipe_without_a_record_is_never_and_in_order(root: Path) -> None:
    assert found_in(root) == []
    row = "| [blog](docs/recipes/blog.md) | never |  |  |  |  |  |"
    text = (root / "README.md").read_text()
    assert row in text.splitlines()
    assert text.startswith("# A project\n") and text.endswith(f"{END}\n\nThe end.\n")
    assert "Never: no run was recorded." in (root / "docs/recipes/blog.md").read_text()


def test_the_tables_and_the_page_show_the_record(root: Path) -> None:
    slept = SleptThrough(defect="posts: not mounted", said="GET / was `404`")
    audit = Audited(date=date(2026, 11, 24), caught=22, defects=23, slept_through=[slept])
    verified = record(root, audit=audit)
    assert found_in(root) == []
    assert {found.path for found in pages.stale(root)} == {
        "README.md", "docs/recipes/README.md", "docs/recipes/blog.md",
    }  # fmt: skip
    pages.write(root)
    cells = (
        f"2026-11-25 | 3.1 | 1 built by the lab, 1 pulled | {len(verified.tests)} | 5 | 22 of 23"
    )
    assert f"| [blog](docs/recipes/blog.md) | {cells} |\n" in (root / "README.md").read_text()
    assert f"| [blog](blog.md) | {cells} |\n" in (root / "docs/recipes/README.md").read_text()
    page = (root / "docs/recipes/blog.md").read_text()
    for text in (
        "On 2026-11-25, run 20261125-080000-ab12: version 1.2.0+3.1 at commit `fffffff` "
        "(no release), upgraded from 1.1.0+3.0, with abra version 0.13.0. ",
        "level 5 (upgrade); 83 s; peak memory 64 MiB.",
        "| `blog:3.1` | pulled | head | `aaaaaaaaaaaa` |",
        "| `blog:3.0` | built by the lab | 1.1.0+3.0 | `bbbbbbbbbbbb` |",
        "An image that was not pulled need not be the official one.",
        "Audit of 2026-11-24: 22 of 23 defects caught; the suite slept through:",
        "- posts: not mounted: `GET / was '404'`",
    ):
        assert text in page, page


def test_an_upgrade_that_changed_no_version_is_told(root: Path) -> None:
    record(root, upgraded_from="1.2.0+3.1")
    pages.write(root)
    page = (root / "docs/recipes/blog.md").read_text()
    assert "upgraded from 1.2.0+3.1 (which changed no version), with abra" in page


def test_a_record_is_outdated_when_the_tests_change(root: Path) -> None:
    record(root)
    change(root, FUNCTIONAL, "A Post Is Public", "A Post Is Published")
    pages.write(root)
    assert found_in(root) == []
    assert "| 2026-11-25, outdated | 3.1 |" in (root / "README.md").read_text()
    page = (root / "docs/recipes/blog.md").read_text()
    assert "**Outdated**: its tests have changed since." in page


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("level = 5", "level = 6", rf"{FILE}:\d+: verified: it was changed by hand"),
        ("level = 5\n", "", rf"{FILE}:1: verified: 'level': Field required"),
        ("level = 5", "level = 5\ngrade = 5", rf"{FILE}:\d+: verified: 'grade': no such key"),
        ('"pulled"', '"official"', rf"{FILE}:\d+: verified: 'image.0.origin'"),
    ],
)
def test_an_edited_record_is_found(root: Path, old: str, new: str, told: str) -> None:
    record(root)
    change(root, FILE, old, new)
    found = found_in(root)
    assert len(found) == 1
    assert re.match(told, found[0]), found


def test_a_record_without_a_test_of_its_own_suite_is_found(root: Path) -> None:
    tests = record(root).tests
    record(root, tests=tests[1:])
    assert found_in(root) == [
        f"{FILE}:1: verified: the tests of this suite are not the ones in it; '{tests[0]}' is "
        "missing. 'make record RECIPE=blog' writes it from a run that passed."
    ]
    change(root, FUNCTIONAL, "A Post Is Public", "A Post Is Published")
    assert found_in(root) == [], "an older suite may have had fewer"


def test_a_table_without_an_end_is_found(root: Path) -> None:
    change(root, "README.md", END, "")
    assert any("README.md:1: docs: expected '<!-- The table" in one for one in found_in(root))
    assert "README.md" not in pages.render(root)
