"""Why a run or a test did not pass: the cause, without the phrases that stand before it."""

import re
from collections.abc import Callable

# How a message of ours begins that says nothing about the recipe.
INCOMPLETE = "Incomplete: "
# What Robot says of a test that it did not begin, because another one ended the whole run.
NOT_BEGUN = "Test execution stopped due to a fatal error."
_NOT_BEGUN = (
    NOT_BEGUN,
    "Failure occurred and exit-on-failure mode is in use.",
    "Error occurred and exit-on-error mode is in use.",
)
# What Robot puts before the message of a failure, and between several.
_INTRODUCTION = (
    r"(?:Parent suite setup|Suite setup|Setup|Teardown|Suite teardown) failed:"
    r"|Several failures occurred:"
)
_SEVERAL = ("Several failures occurred:", "Also failures occurred:")
_NEXT = re.compile(
    r"\n\nAlso (?:parent suite |suite )?teardown failed:\n|\n\nAlso failures? occurred:\s+"
)
_NUMBER = re.compile(r"\n\n(?=\d+\) )")
_BEFORE_A_PART = re.compile(
    rf"(?:\*HTML\*|{_INTRODUCTION}|\d+\) |Keyword '[^\n]*' failed after retrying [^\n]*?\. "
    r"The last error was: )\s*"
)
# What the libraries RequestsLibrary and Browser say when nobody was reached; they give text only.
_NOBODY_REACHED = re.compile(
    r"Connect(?:ionError|Timeout): HTTPS?ConnectionPool\([^\n]*"
    r"(?:NewConnectionError|ConnectTimeoutError|NameResolutionError)"
    r"|(?:Error: )?page\.\w+: net::ERR_(?:NAME_NOT_RESOLVED|CONNECTION_REFUSED|ADDRESS_UNREACHABLE"
    r"|INTERNET_DISCONNECTED|NETWORK_CHANGED)"
)
_BEFORE_THE_CAUSE = re.compile(
    rf"^(?:Parent suite setup failed:\s*)?(?:{re.escape(INCOMPLETE.strip())}\s*)?"
)


def cause_of(message: str) -> str:
    """Return a message from its cause on.

    Example:
        >>> cause_of("Parent suite setup failed:\\nIncomplete: The disk is full.")
        'The disk is full.'
    """
    return _BEFORE_THE_CAUSE.sub("", message)


def one_line(text: str) -> str:
    """Return a text with single spaces between its words.

    Example:
        >>> one_line("Several failures\\n\\n  occurred")
        'Several failures occurred'
    """
    return " ".join(text.split())


def not_begun_by(message: str) -> bool:
    """Return whether a message is what Robot says of a test that it did not begin.

    The whole first line counts: a message of a test that ran may begin with words of the app.

    Example:
        >>> not_begun_by("Test execution stopped due to a fatal error.")
        True
    """
    return message.partition("\n")[0] in _NOT_BEGUN


def is_nobody_reached(message: str) -> bool:
    """Return whether a message is what Browser or RequestsLibrary say when nobody was reached."""
    return _NOBODY_REACHED.match(message) is not None


def is_incomplete_by(message: str, says_nothing: Callable[[str], bool]) -> bool:
    """Return whether every failure in a test's message says nothing about the recipe.

    A test can fail several times: in its set-up, in its steps, in its teardown. One genuine failure
    among them is enough. What was tried before and did not fail the test does not count.

    Args:
        message: of a test that failed, as Robot composed it.
        says_nothing: whether one failure does, told by its text from the cause on.

    Example:
        >>> no_room = "Incomplete: No node has room.".__eq__
        >>> is_incomplete_by("Setup failed:\\nIncomplete: No node has room.", no_room)
        True
        >>> is_incomplete_by("1 != 2\\n\\nAlso teardown failed:\\nFull.", no_room)
        False
    """
    return all(map(says_nothing, _parts(message)))


def _parts(message: str) -> list[str]:
    """Return the failures in a message, each from its cause on."""
    found = []
    parts = _NEXT.split(message)
    if any(words in message for words in _SEVERAL):
        parts = [one for part in parts for one in _NUMBER.split(part)]
    for part in parts:
        while before := _BEFORE_A_PART.match(part):
            part = part[before.end() :]
        if part.strip():
            found.append(part)
    return found or [message]
