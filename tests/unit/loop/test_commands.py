"""The commands in comments."""

import pytest

from ccci.loop.commands import MOST_RECIPES, Command, parse


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("!testme", Command("test")),
        ("\n  !testme  \r\nplease", Command("test")),
        ("!testme gitea n8n gitea", Command("test", ("gitea", "n8n"))),
        ("!testme stop", Command("stop")),
    ],
)
def test_valid_commands(body: str, command: Command) -> None:
    assert parse(body) == command


@pytest.mark.parametrize(
    "body", ["", "   ", "thanks!", "please !testme", "> !testme", "see below\n!testme", "! testme"]
)
def test_other_comments_have_no_command(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("!testmenow", "`!testmenow` is not a command."),
        ("!testme!", "`!testme!` is not a command."),
        ("!testme ../../etc", "`..?..?etc` is not a valid recipe name."),
        ("!testme stop gitea", "`stop` takes no recipes."),
        ("!testme $(reboot)", "`??reboot?` is not a valid recipe name."),
        ("!testme `@all`", "`??all?` is not a valid recipe name."),
        (
            "!testme " + " ".join("abcdef"),
            f"At most {MOST_RECIPES} recipes can be tested with one comment.",
        ),
    ],
)
def test_an_invalid_command_is_answered_with_help(body: str, problem: str) -> None:
    command = parse(body)
    assert command is not None
    assert (command.kind, command.problem) == ("help", problem)


@pytest.mark.parametrize(
    ("body", "commit"),
    [
        ("!testme 75826ae", "75826ae"),
        ("!testme 75826AE", "75826ae"),
        (f"!testme {'0' * 40}", "0" * 40),
        # A word of such digits is a commit, even if it could be a recipe.
        ("!testme deadbeef", "deadbeef"),
    ],
)
def test_a_commit_can_be_named(body: str, commit: str) -> None:
    assert parse(body) == Command("test", commit=commit)


@pytest.mark.parametrize("word", ["75826a", "0" * 41, "75826ag", "cafe"])
def test_other_words_are_recipes(word: str) -> None:
    command = parse(f"!testme {word}")
    assert command is not None
    assert command.commit == ""


def test_a_commit_stands_alone() -> None:
    command = parse("!testme deadbeef gitea")
    assert command is not None
    assert command.problem == "`deadbeef` is a commit, and a commit stands alone."
