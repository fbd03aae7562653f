"""defects.toml: read strictly, and held against a recipe's files."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.recipe.defects import Defects, break_recipe, broken_files, complaints, load_defects

COMPLETE = """\
# About this file.
[[defect]]
name = "the volume is not mounted"
remove_lines = ["data:"]
stage = "restart"
message = "404 != 200"
before = ["install", "browser"]

[[defect]]
name = "the app has another port"
file = "abra.sh"
replace = "V=1"
with = "V=2"
changes = [
    { file = "compose.yml", replace = "port: 80", with = "port: 81" },
    { replace = "V=2", with = "V=3" },
]
stage = "install"
message = "502"
"""
COMPOSE = "services:\n  app:\n    volumes:\n      - data:/data\n    port: 80\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "defects.toml"
    path.write_text(COMPLETE, encoding="utf-8")
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "blog"
    folder.mkdir()
    (folder / "compose.yml").write_text(COMPOSE, encoding="utf-8")
    (folder / "abra.sh").write_text("export V=1\n", encoding="utf-8")
    return folder


EACH = """\
[[defect]]
name = "{each} is not mounted"
replace = "{each}:/data"
with = "other:/{each}"
stage = "restart"
each = { data = "404 != 200" }
"""


def test_one_table_can_stand_for_defects_that_differ_in_a_word(
    tmp_path: Path, checkout: Path
) -> None:
    path = tmp_path / "defects.toml"
    path.write_text(EACH.replace(" }", ', "app" = "502" }'), encoding="utf-8")
    first, second = load_defects(path).defect
    assert (first.name, first.message) == ("data is not mounted", "404 != 200")
    assert (second.name, second.message) == ("app is not mounted", "502")
    assert "- other:/data\n" in broken_files(first, checkout)["compose.yml"]
    assert [found.line for found in complaints(path, checkout)] == [1]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("each = {", 'message = "502"\neach = {'),
        ('each = { data = "404 != 200" }\n', ""),
        ('name = "{each}', 'name = "it'),
        ('"{each}:/data"\nwith = "other:/{each}"', '"data:/data"\nwith = ""'),
    ],
)
def test_each_goes_with_its_place_and_without_a_message(
    tmp_path: Path, was: str, becomes: str
) -> None:
    path = tmp_path / "defects.toml"
    path.write_text(EACH.replace(was, becomes), encoding="utf-8")
    with pytest.raises(Misuse, match="each"):
        load_defects(path)


def test_defects_are_read(file: Path) -> None:
    mount, port = load_defects(file).defect
    assert mount.name == "the volume is not mounted"
    assert (mount.file, mount.stage, mount.before) == (
        "compose.yml",
        "restart",
        ["install", "browser"],
    )
    assert [name for name, _ in port.all_changes] == ["abra.sh", "compose.yml", "abra.sh"]


def test_a_recipe_without_the_file_has_none(tmp_path: Path) -> None:
    assert load_defects(tmp_path / "defects.toml") == Defects()


def test_lines_are_removed(file: Path, checkout: Path) -> None:
    break_recipe(load_defects(file).defect[0], checkout)
    assert "data:" not in (checkout / "compose.yml").read_text()
    assert "port: 80" in (checkout / "compose.yml").read_text()


def test_several_files_are_changed_in_order(file: Path, checkout: Path) -> None:
    changed = broken_files(load_defects(file).defect[1], checkout)
    assert changed == {
        "abra.sh": "export V=3\n",
        "compose.yml": COMPOSE.replace("port: 80", "port: 81"),
    }
    assert (checkout / "abra.sh").read_text() == "export V=1\n"


def test_lines_go_before_the_text_is_replaced(file: Path, checkout: Path) -> None:
    file.write_text(
        COMPLETE.replace(
            'remove_lines = ["data:"]',
            'remove_lines = ["data:"]\nreplace = "volumes:\\n    port"\nwith = "port"',
        )
    )
    break_recipe(load_defects(file).defect[0], checkout)
    assert (checkout / "compose.yml").read_text() == "services:\n  app:\n    port: 80\n"


# (what stands in the file, what the author writes instead, line, part of the sentence)
MISTAKES = [
    ('stage = "restart"', 'stagee = "restart"', 5, "unknown key 'stagee'; known keys: file, "),
    ('stage = "restart"\n', "", 2, "defect 1 has no 'stage'"),
    ('"restart"', '"reboot"', 5, "Input should be 'install', 'functional'"),
    ('"restart"', '"teardown"', 5, "Input should be 'install', 'functional'"),
    ('["install", "browser"]', '["browser", "install"]', 2, "'before' names stages that come"),
    ('["install", "browser"]', '["backup"]', 2, "'before' names stages that come before 'restart'"),
    ('remove_lines = ["data:"]\n', "", 2, "nothing is changed; expected 'replace' and 'with'"),
    ('with = "V=2"\n', "", 9, "'replace' and 'with' go together"),
    ("the app has another port", "the volume is not mounted", 9, "two defects are called"),
    ('"abra.sh"', '"../abra.sh"', 11, "defect 2, 'file': "),
    ('"abra.sh"', '"/etc/passwd"', 11, "defect 2, 'file': "),
    ('{ replace = "V=2", with', '{ replac = "V=2", with', 14, "unknown key 'changes.1.replac'"),
    ('[[defect]]\nname = "the vol', '[[defects]]\nname = "the vol', 1, "unknown key 'defects'"),
    ('stage = "restart"', "stage = ", 5, "not valid TOML"),
    ('"404 != 200"', "404", 6, "defect 1, 'message': Input should be a valid string"),
]


@pytest.mark.parametrize(("old", "new", "line", "sentence"), MISTAKES)
def test_a_mistake_is_named_with_its_line(
    file: Path, old: str, new: str, line: int, sentence: str
) -> None:
    assert old in COMPLETE
    file.write_text(COMPLETE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misuse) as caught:
        load_defects(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert sentence in str(caught.value)
    assert [found.line for found in complaints(file, None)] == [line]


@pytest.mark.parametrize("text", ["defect = 1\n", "defect = [1]\n", "# nothing\n\xff"])
def test_what_is_no_table_of_defects_is_refused(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(Misuse, match=r"defects.toml:1: (the file|defect 1|not UTF-8 text)"):
        load_defects(file)


# (a file of the recipe, its text, part of the sentence)
OTHERS = [
    ("compose.yml", COMPOSE.replace("data:", "content:"), "does not contain 'data:'"),
    ("compose.yml", COMPOSE.replace("port: 80", "port: 8080"), "is as it was"),
    ("abra.sh", None, "the recipe has no file abra.sh"),
    ("abra.sh", "export V=2\n", "does not contain 'V=1'"),
]


@pytest.mark.parametrize(("name", "text", "sentence"), OTHERS)
def test_another_recipe_than_it_was_written_for_is_noticed(
    file: Path, checkout: Path, name: str, text: str | None, sentence: str
) -> None:
    if sentence == "is as it was":
        file.write_text(COMPLETE.replace("port: 81", "port: 80"), encoding="utf-8")
    elif text is None:
        (checkout / name).unlink()
    else:
        (checkout / name).write_text(text, encoding="utf-8")
    found = complaints(file, checkout)
    assert len(found) == 1
    assert sentence in found[0].sentence


def test_nothing_is_said_of_a_recipe_as_it_was(file: Path, checkout: Path) -> None:
    assert complaints(file, checkout) == []
