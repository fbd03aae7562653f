"""Where the failures of a run came from: from these tests and the node, or from the app.

Robot hands failures on as texts, and an app decides some of them: a title may read `Incomplete: no
room`. So it is noted, while a run goes on, what was raised as incomplete and which tests began.
"""

import re
from typing import Any

from robot.result import TestCase
from robot.utils import cut_long_message

from ccci.results.reasons import is_incomplete_by, is_nobody_reached, not_begun_by

# Keyword libraries of others whose failures are known by their text alone.
_LIBRARIES = frozenset({"Browser", "RequestsLibrary"})
_IN_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_raised: set[str] = set()
_begun: set[str] = set()


def note_raised(message: str) -> None:
    """Note the message of a failure that says nothing about the recipe, and how Robot shows it.

    Robot cuts long messages, and XML cannot hold some characters.
    """
    for shown in (message, cut_long_message(message)):
        _raised.update((_first_line(shown), _first_line(_IN_NO_XML.sub("", shown))))


def note_step(test: str, keyword: Any) -> None:
    """Note a keyword that has ended: its test has begun, and nobody may have been reached.

    Args:
        test: the full name of the test; "" outside of tests.
        keyword: Robot's result of it.
    """
    if test and not keyword.not_run:
        _begun.add(test)
    if keyword.failed and keyword.owner in _LIBRARIES and is_nobody_reached(keyword.message):
        note_raised(keyword.message)


def note_redacted(message: str, redacted: str) -> None:
    """Note that a message goes on without the credentials that were in it."""
    if _first_line(message) in _raised:
        note_raised(redacted)


def is_incomplete(message: str) -> bool:
    """Return whether every failure in a message of Robot says nothing about the recipe."""
    return is_incomplete_by(message, lambda part: _first_line(part) in _raised)


def was_not_begun(test: TestCase) -> bool:
    """Return whether Robot did not begin a test, because another one ended the whole run."""
    return not_begun_by(test.message) and test.full_name not in _begun


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0].strip()
