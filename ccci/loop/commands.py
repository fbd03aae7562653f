"""The commands that a comment can give: `!testme` and what may follow it."""

import re
from dataclasses import dataclass
from typing import Literal

from ccci.errors import Misuse
from ccci.recipe.config import check_recipe_name

COMMAND = "!testme"
MOST_RECIPES = 5
_COMMIT = re.compile("[0-9a-fA-F]{7,40}")
HELP = f"""\
Commands, as the first line of a comment:

- `{COMMAND}` tests this pull request
- `{COMMAND} <commit>` tests this pull request at one of its commits: the 40 digits of its hash
- `{COMMAND} <recipe> ...` tests these recipes, at most {MOST_RECIPES}, as they are on this forge
- `{COMMAND} stop` stops the queued and running tests of this pull request
"""


@dataclass(frozen=True)
class Command:
    """What a comment asks for.

    Attributes:
        kind: test, stop, or help if the command is not valid.
        recipes: the recipes to test; empty for the one of the repository.
        commit: the first digits of the commit to test, in small letters; "" for the newest one.
        problem: one sentence on why the command is not valid, or "".
    """

    kind: Literal["test", "stop", "help"]
    recipes: tuple[str, ...] = ()
    commit: str = ""
    problem: str = ""


def parse(body: str) -> Command | None:
    """Read the command of a comment; None if it has none.

    Only the first line counts: text that is quoted or pasted below it is not a command.

    Example:
        >>> parse("!testme gitea n8n").recipes
        ('gitea', 'n8n')
        >>> parse("!testme 75826ae").commit
        '75826ae'
    """
    lines = body.strip().splitlines()
    line = lines[0].rstrip() if lines else ""
    if not line.startswith(COMMAND):
        return None
    command, *arguments = line.split()
    if command != COMMAND:
        return Command("help", problem=f"`{_shown(command)}` is not a command.")
    names = tuple(dict.fromkeys(arguments))
    if names == ("stop",):
        return Command("stop")
    if "stop" in names:
        return Command("help", problem="`stop` takes no recipes.")
    # A word of such digits is always a commit, even if there is a recipe of that name.
    commits = [name for name in names if _COMMIT.fullmatch(name)]
    if commits and len(names) > 1:
        return Command("help", problem=f"`{commits[0]}` is a commit, and a commit stands alone.")
    if commits:
        return Command("test", commit=commits[0].lower())
    if len(names) > MOST_RECIPES:
        return Command(
            "help", problem=f"At most {MOST_RECIPES} recipes can be tested with one comment."
        )
    for name in names:
        try:
            check_recipe_name(name)
        except Misuse:
            return Command("help", problem=f"`{_shown(name)}` is not a valid recipe name.")
    return Command("test", names)


def _shown(text: str) -> str:
    """Return text of a comment so that it can neither end its code span nor mention anybody."""
    return re.sub(r"[^\w.!-]", "?", text)[:40]
