"""The tests of a suite by name: written, read, and missed."""

from pathlib import Path

import pytest

from ccci.errors import NodeFailure
from ccci.results.pinned_tests import Pinned, pinned_text, read_pinned, told

TESTS = [
    Pinned("1__install", "The App Answers"),
    Pinned("2__functional", "A Page: With A Colon"),
    Pinned("5__backup", "The Restore Brings The Seed Back"),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "tests.txt").write_text(pinned_text(TESTS, ()))
    assert read_pinned(tmp_path) == TESTS


def test_a_stage_that_was_opted_out_of_is_named_and_its_tests_are_not(tmp_path: Path) -> None:
    text = pinned_text(TESTS, ["backup"])
    assert "opted out of: backup" in text.splitlines()
    (tmp_path / "tests.txt").write_text(text)
    assert read_pinned(tmp_path) == TESTS[:2]


@pytest.mark.parametrize("content", [None, "# nothing\n"])
def test_a_list_that_is_gone_is_no_list_of_nothing(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tests.txt").write_text(content)
    with pytest.raises(NodeFailure, match="run 'make docs'"):
        read_pinned(tmp_path)


def test_the_missing_ones_are_named() -> None:
    assert told([], 3) == ""
    assert told(TESTS[:1], 3) == "1 of 3 tests did not run: 1__install: The App Answers"
    many = [Pinned("2__functional", f"Test {number}") for number in range(9)]
    assert told(many, 9).endswith(", and 4 more")
