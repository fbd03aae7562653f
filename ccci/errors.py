"""The kinds of errors: each says whose fault it is, and so decides the verdict.

A RecipeFailure means that the recipe broke a promise (*failed*), a NodeFailure that nothing was
learnt about the recipe (*incomplete*), a Misuse that the caller must change the input.
"""

from ccci.printable import printable_lines

# How the message of a test begins that did not run because of an earlier failure; the pull
# request's comment puts such tests on one line.
SKIPPED = "Skipped: "


class CcciError(Exception):
    """The base of every error that this project raises on purpose.

    Its message may quote a text from outside, so it is made printable here, once for all.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable_lines(message))


class RecipeFailure(CcciError):
    """The recipe broke a promise. The verdict is *failed*."""


class NodeFailure(CcciError):
    """The node, the network or these tests failed. The verdict is *incomplete*."""


class Misuse(CcciError):
    """An input is wrong: one sentence names it and says what to change. Nothing was deployed."""


class UnreadableRecipe(RecipeFailure, Misuse):
    """A file of a recipe cannot be read: the recipe's fault in a run, a wrong input elsewhere."""
