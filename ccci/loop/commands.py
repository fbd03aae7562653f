"""`!testme` in a comment: what is asked for."""

import re
from dataclasses import dataclass
from typing import Literal

from ccci.errors import Misuse
from ccci.recipe.config import check_recipe_name

WORD = "!testme"
MOST_RECIPES = 5
HELP = f"""\
What I understand, on a line of its own at the start of a comment:

- `{WORD}` tests this pull request
- `{WORD} <recipe> ...` tests other recipes, at most {MOST_RECIPES}, as they are on this forge
- `{WORD} stop` ends what is queued and running for this pull request
"""


@dataclass(frozen=True)
class Command:
    """What a comment asks for.

    Attributes:
        kind: test, stop, or help where it was not understood.
        recipes: which to test; empty for the repository's own.
        problem: why it was not understood, one sentence.
    """

    kind: Literal["test", "stop", "help"]
    recipes: tuple[str, ...] = ()
    problem: str = ""


def parse(body: str) -> Command | None:
    """Read a comment; None where it is none of our business.

    Only the first line counts: what is quoted or pasted below it is no command.

    Example:
        >>> parse("!testme gitea n8n").recipes
        ('gitea', 'n8n')
    """
    lines = body.strip().splitlines()
    line = lines[0].rstrip() if lines else ""
    if not line.startswith(WORD):
        return None
    words = line.split()
    if words[0] != WORD:
        return Command("help", problem=f"`{_shown(words[0])}` is not a command.")
    names = tuple(dict.fromkeys(words[1:]))
    if names == ("stop",):
        return Command("stop")
    if "stop" in names:
        return Command("help", problem="`stop` stands alone.")
    if len(names) > MOST_RECIPES:
        return Command("help", problem=f"That is more than {MOST_RECIPES} recipes.")
    for name in names:
        try:
            check_recipe_name(name)
        except Misuse:
            return Command("help", problem=f"`{_shown(name)}` is no recipe's name.")
    return Command("test", names)


def _shown(word: str) -> str:
    """A word of a stranger's that cannot break out of its code span, nor be a command again."""
    return re.sub(r"[^\w.!-]", "?", word)[:40]
