"""Listens to Robot: keeps credentials out of output.xml, and counts the failures."""

from typing import Any

from ccci.bridge.console import test_begins
from ccci.bridge.session import session


class Listener:
    """Takes every credential of the run out of messages and arguments as they are written.

    The library Runs carries it, which every suite of a run uses.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def log_message(self, message: Any) -> None:
        """Clean a log message."""
        message.message = session.clean(message.message)

    def start_keyword(self, _data: Any, result: Any) -> None:
        """Clean a keyword's arguments."""
        result.args = tuple(session.clean(str(argument)) for argument in result.args)

    def end_keyword(self, _data: Any, result: Any) -> None:
        """Clean a keyword's failure."""
        result.message = session.clean(result.message)

    def start_test(self, _data: Any, _result: Any) -> None:
        """Let the console know that a line is open."""
        test_begins()

    def end_test(self, _data: Any, result: Any) -> None:
        """Clean a test's failure, and count it."""
        session.failures += result.failed
        result.message = session.clean(result.message)

    def end_suite(self, _data: Any, result: Any) -> None:
        """Clean a suite's failure."""
        result.message = session.clean(result.message)
