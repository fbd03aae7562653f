"""What only looks like a number in a compose file is read as Docker reads it."""

from pathlib import Path

import pytest

from ccci.recipe.yaml_file import content_of, load


@pytest.mark.parametrize("text", ["2222:22", "22:22", "1:30:00", "+1:30", "80:30.5"])
def test_numbers_to_the_base_of_60_are_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(f"one: {text}\nsome: [{text}, '{text}']\n")
    assert content_of(load(file)) == {"one": text, "some": [text, text]}


def test_other_numbers_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text("a: 2222\nb: -1.5\nc: 0x10\nd: 10:80x\ne: yes\n")
    assert content_of(load(file)) == {"a": 2222, "b": -1.5, "c": 16, "d": "10:80x", "e": True}
