"""Texts from outside are printable wherever they come out: in errors, violations and log lines."""

import io
import sys

import pytest

from ccci.errors import RecipeFailure
from ccci.loop import __main__ as program
from ccci.loop.compose_file import Violation
from ccci.printable import encodable, printable, printable_lines

ODD = {
    "\ud800": "\\ud800",
    "\x1b[31m": "\\x1b[31m",
    "\u202e": "\\u202e",
    "\u2066": "\\u2066",
    "\x00": "\\x00",
    "\x85": "\\x85",
    "\u2028": "\\u2028",
    "\u200b": "\\u200b",
    "\ufeff": "\\ufeff",
    "\xa0": "\\xa0",
}


@pytest.mark.parametrize("text", ODD)
def test_hidden_characters_are_shown_as_escapes(text: str) -> None:
    shown = f"a{ODD[text]}b"
    assert printable(f"a{text}b") == shown
    assert str(RecipeFailure(f"a{text}b")) == shown
    assert str(Violation("f.yml", 1, f"a{text}b", "Mend it")) == f"f.yml:1: {shown}. Mend it."


def test_letters_of_all_languages_stay() -> None:
    assert printable("Größe 日本 é 🙂") == "Größe 日本 é 🙂"


def test_one_line_stays_one_line_and_long_texts_are_cut() -> None:
    assert printable("a\nb\tc") == "a\\nb\\tc"
    assert printable_lines("a\nb\tc\r") == "a\nb\tc\\r"
    assert len(printable("x" * 10_000_000)) == 400
    assert len(str(RecipeFailure("x" * 10_000_000))) == 20_000


def test_a_log_line_can_be_written_to_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    program._log("demo #1: \ud800\x1b[2J")
    assert out.buffer.getvalue().endswith(b"Z demo #1: \\ud800\\x1b[2J\n")


def test_an_answer_of_the_forge_can_be_stored() -> None:
    assert encodable([{"a\ud800": ["\udfff", 1, None]}]) == [{"a\ufffd": ["\ufffd", 1, None]}]
