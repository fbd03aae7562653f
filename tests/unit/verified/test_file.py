"""A verified.toml that somebody edited is told, with the line; one as it was written is read."""

from datetime import date
from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.results.store import read_results
from ccci.verified.file import Audited, SleptThrough, load_verified, verified_path, write_verified
from ccci.verified.making import verified_of
from tests.unit.verified.recorded import run_of_shop, small_project


@pytest.fixture
def path(tmp_path: Path) -> Path:
    project = small_project(tmp_path)
    results = read_results(run_of_shop(project))
    assert results
    slept = SleptThrough(defect='the "volume" is gone', said="GET / was answered 404, not 200")
    audit = Audited(date=date(2026, 11, 24), caught=22, defects=23, slept_through=[slept])
    found = verified_path(project, "shop")
    write_verified(found, verified_of(results, audit))
    return found


def test_what_was_written_is_read(path: Path) -> None:
    verified = load_verified(path)
    assert verified.audit and verified.audit.slept_through[0].defect == 'the "volume" is gone'
    assert path.read_text().startswith("# `make record` wrote this")
    before = path.read_bytes()
    write_verified(path, verified)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('app_version = "26.8.0"', 'app_version = "27.0.0"', "it was changed by hand"),
        ('origin = "was there"', 'origin = "pulled"', "it was changed by hand"),
        ('    "2__functional: A Thing Is Sold",\n', "", "it was changed by hand"),
        ("level = 6", "level = 5", "it was changed by hand"),
        ("2026-11-24", "2026-11-25", "it was changed by hand"),
        ("level = 6", "level = 7", r"'level': Input should be less than or equal to 6"),
        ("level = 6", 'level = "6"', r"'level': Input should be a valid integer"),
        ("level = 6", "level = 6\ngrade = 1", r"'grade': no such key"),
        ("level = 6\n", "", r"'level': Field required"),
        ("level = 6", "level = ", r"not valid TOML"),
        ('origin = "pulled"', 'origin = "official"', r"'image.0.origin': Input should be 'pulled'"),
        ("caught = 22", "caught = 23", r"'audit': 23 caught and 1 slept through are not 23"),
        ('recipe = "shop"', 'recipe = "bank"', r"it is that of the recipe 'bank'"),
        ('seal = "', 'seal = "0', r"it was changed by hand"),
    ],
)
def test_what_was_edited_is_told_with_its_line(path: Path, old: str, new: str, told: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))
    with pytest.raises(Misuse, match=told) as refused:
        load_verified(path)
    assert str(refused.value).startswith(f"{path}:")
    assert str(refused.value).endswith(
        "'make record RECIPE=shop' writes it from a run that passed."
    )


def test_a_file_that_is_no_text(path: Path) -> None:
    path.write_bytes(b"\xff")
    with pytest.raises(Misuse, match="not UTF-8 text"):
        load_verified(path)


def test_the_layout_and_comments_are_not_sealed(path: Path) -> None:
    path.write_text(path.read_text() + "\n# A comment.\n")
    assert load_verified(path).level == 6
