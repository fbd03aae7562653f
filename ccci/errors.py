"""Whose fault it is, by the kind of error and never by its text.

A run's verdict is read off the class: a RecipeFailure says the recipe broke a promise (failed), a
NodeFailure says that nothing was learnt about the recipe (incomplete), a Misuse says that the
caller must mend the input.
"""

# How the message of a test begins that did not run because of an earlier failure; the pull
# request's comment puts such tests on one line.
SKIPPED = "Skipped: "


class CcciError(Exception):
    """The root of every error that this project raises on purpose."""


class RecipeFailure(CcciError):
    """The recipe broke a promise. The verdict is *failed*."""


class NodeFailure(CcciError):
    """The node, the network or the harness failed. The verdict is *incomplete*."""


class Misuse(CcciError):
    """Bad input: one sentence that names the thing and the remedy. Nothing was deployed."""
