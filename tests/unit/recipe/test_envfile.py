"""What a run sets in an app's .env file, and what it makes of COMPOSE_FILE."""

from pathlib import Path

import pytest

from ccci.errors import UnreadableRecipe
from ccci.recipe.envfile import compose_files, read_env, set_env


def test_a_setting_is_replaced_in_its_place_so_that_later_lines_see_it(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text(
        "# wiki\nDOMAIN=a.example\nURL=https://${DOMAIN}/\nDOMAIN=b.example\nSEEN=$DOMAIN\n"
    )
    set_env(path, {"DOMAIN": "wiki.lab.test", "NAME": "a wiki"})
    assert path.read_text().splitlines()[0] == "# wiki"
    assert read_env(path) == {
        "DOMAIN": "wiki.lab.test",
        "URL": "https://wiki.lab.test/",
        "SEEN": "wiki.lab.test",
        "NAME": "a wiki",
    }


@pytest.mark.parametrize("value", ["two words", "it's", 'say "no"', "a#b", ""])
def test_a_value_is_read_as_it_was_set(tmp_path: Path, value: str) -> None:
    path = tmp_path / "app.env"
    path.write_text("A=1\nB=2\n")
    set_env(path, {"A": value, "C": value})
    assert read_env(path) == {"A": value, "B": "2", "C": value}


@pytest.mark.parametrize("empty", ["", ":"])
def test_compose_file_that_names_no_file(tmp_path: Path, empty: str) -> None:
    with pytest.raises(UnreadableRecipe, match="is set and names no file"):
        compose_files({"COMPOSE_FILE": empty}, tmp_path / "wiki")
    assert compose_files({}, tmp_path) == [tmp_path / "compose.yml"]
