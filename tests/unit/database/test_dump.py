"""A dump proves that it is whole before anything is said of what is not in it."""

import pytest

from ccci.database.dump import Dump
from ccci.errors import Misuse, NodeFailure, RecipeFailure

END = "-- dump complete"
WHOLE = f"""CREATE TABLE people (name text);
INSERT INTO people VALUES ('ada');
INSERT INTO people VALUES ('two
lines; of it''s (text)');
{END}
"""


def dump(text: str = WHOLE) -> Dump:
    return Dump("the database of service db", text)


def test_a_whole_one_passes() -> None:
    dump().check_whole(END)
    assert len(dump().rows) == 2


@pytest.mark.parametrize("text", ["", WHOLE.replace(END, ""), f"{END}\n" + "x\n" * 50])
def test_one_that_is_cut_short_says_nothing(text: str) -> None:
    with pytest.raises(NodeFailure, match="cut short"):
        dump(text).check_whole(END)


def test_one_without_rows_fails() -> None:
    with pytest.raises(RecipeFailure, match="it has none") as error:
        dump(f"CREATE TABLE people (name text);\n{END}\n").check_whole(END)
    assert '[database]\nname = "app"' in str(error.value)


def test_what_stands_in_the_structure_alone_is_in_no_row() -> None:
    with pytest.raises(RecipeFailure, match="none of its 2 rows"):
        dump().check_contains("CREATE TABLE", "it")


def test_a_secret_in_the_structure_is_found() -> None:
    text = f"COMMENT ON TABLE people IS 'top-secret-word';\n{WHOLE}"
    with pytest.raises(RecipeFailure, match="as it is, in its structure"):
        dump(text).check_contains_not("top-secret-word", "the secret")


def test_a_text_over_several_lines_is_found() -> None:
    dump().check_contains("two\nlines; of it's (text)", "it")
    with pytest.raises(RecipeFailure, match="as it is, in table people"):
        dump().check_contains_not("two\nlines; of it's", "it")


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_text_proves_nothing(blank: str) -> None:
    with pytest.raises(Misuse, match="A blank text is in every database"):
        dump().check_contains(blank, "it")


def test_a_text_that_is_too_short_to_look_for_is_refused() -> None:
    with pytest.raises(Misuse, match="5 characters are too few"):
        dump().check_contains_not("abcde", "it")
