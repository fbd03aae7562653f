"""What a comment asks for."""

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
def test_commands_are_understood(body: str, command: Command) -> None:
    assert parse(body) == command


@pytest.mark.parametrize(
    "body", ["", "   ", "thanks!", "please !testme", "> !testme", "see below\n!testme", "! testme"]
)
def test_other_comments_are_none_of_our_business(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("!testmenow", "`!testmenow` is not a command."),
        ("!testme!", "`!testme!` is not a command."),
        ("!testme ../../etc", "`..?..?etc` is no recipe's name."),
        ("!testme stop gitea", "`stop` stands alone."),
        ("!testme $(reboot)", "`??reboot?` is no recipe's name."),
        ("!testme `@all`", "`??all?` is no recipe's name."),
        ("!testme " + " ".join("abcdef"), f"That is more than {MOST_RECIPES} recipes."),
    ],
)
def test_what_is_not_understood_gets_help(body: str, words: str) -> None:
    command = parse(body)
    assert command is not None
    assert (command.kind, command.problem) == ("help", words)
