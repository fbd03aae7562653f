"""Why a run or a test did not pass: the cause, without the phrases that stand before it."""

import re

# Robot puts the first before a message of a suite's setup, the bridge the second before the
# message of a failure that says nothing about the recipe.
_BEFORE_THE_CAUSE = re.compile(r"^(?:Parent suite setup failed:\s*)?(?:Incomplete:\s*)?")


def cause_of(message: str) -> str:
    """Return a message from its cause on.

    Example:
        >>> cause_of("Parent suite setup failed:\\nIncomplete: The disk is full.")
        'The disk is full.'
    """
    return _BEFORE_THE_CAUSE.sub("", message)
