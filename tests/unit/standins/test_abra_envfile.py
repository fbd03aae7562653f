"""The lab's abra: .env files."""

from pathlib import Path

import pytest

from lab.standins.abracli import envfile
from lab.standins.abracli.logs import Fatal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("A=", ""),
        ("A='x y # z'", "x y # z"),
        ('A="x # y"  # length=3', "x # y"),
        ("A=a#b", "a#b"),
        ("A=a #b", "a"),
        ("A=a=b", "a=b"),
        ("  A = a ", "a"),
        ("export A=a", "a"),
        ('A="two\nlines"', "two\nlines"),
        ('A="a\\"b"', 'a"b'),
        ("B=1\nA=$B-${B}", "1-1"),
        ("A=$NOT_THERE", ""),
        ("B=1\nA='$B'", "$B"),
        ("B=1\nA=\\$B", "$B"),
        ("A=1\nA=2", "2"),
        ("A=, `www.example.com`", ", `www.example.com`"),
        ("A=1\r", "1"),
    ],
)
def test_value(text: str, value: str) -> None:
    assert envfile.parse(text).values["A"] == value


def test_later_lines_can_refer_to_earlier_ones() -> None:
    text = 'COMPOSE_FILE=compose.yml\nCOMPOSE_FILE="$COMPOSE_FILE:compose.x.yml"\n'
    assert envfile.parse(text).values == {"COMPOSE_FILE": "compose.yml:compose.x.yml"}


def test_remarks_after_a_secret() -> None:
    found = envfile.parse("SECRET_A_VERSION=v1 # length=32 charset=hex generate=false")
    assert found.values["SECRET_A_VERSION"] == "v1"
    assert found.remarks["SECRET_A_VERSION"] == {
        "length": "32",
        "charset": "hex",
        "generate": "false",
    }


def test_the_error_names_an_invalid_line() -> None:
    with pytest.raises(Fatal, match="line 2 is not KEY=value"):
        envfile.parse("A=1\nnonsense\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TYPE=r\nB=1\n", "TYPE=r:1.0.0+1\nB=1\n"),
        ("# head\nTYPE=r:0.9.0+1  # why\n", "# head\nTYPE=r:1.0.0+1  # why\n"),
        ("RECIPE=r\n", "RECIPE=r:1.0.0+1\n"),
        ("B=1", "B=1\nTYPE=r:1.0.0+1\n"),
    ],
)
def test_the_version_is_written_and_the_rest_is_kept(
    tmp_path: Path, before: str, after: str
) -> None:
    file = tmp_path / "a.env"
    file.write_text(before, encoding="utf-8")
    file.chmod(0o640)
    envfile.write_version(file, "r", "1.0.0+1")
    assert file.read_text(encoding="utf-8") == after
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.env"]
