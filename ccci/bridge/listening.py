"""A Robot listener that keeps credentials out of output.xml and counts the failures."""

from typing import Any

from ccci.bridge.console import test_begins
from ccci.bridge.session import session


class Listener:
    """Redacts every credential of the run in messages and arguments, as they are written.

    It belongs to the library Runs, which every suite of a run uses.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def log_message(self, message: Any) -> None:
        """Redact a log message."""
        message.message = session.redact(message.message)

    def start_keyword(self, _data: Any, result: Any) -> None:
        """Redact a keyword's arguments."""
        result.args = tuple(session.redact(str(argument)) for argument in result.args)

    def end_keyword(self, _data: Any, result: Any) -> None:
        """Redact a keyword's failure."""
        result.message = session.redact(result.message)

    def start_test(self, _data: Any, _result: Any) -> None:
        """Tell the console that the line is not complete."""
        test_begins()

    def end_test(self, _data: Any, result: Any) -> None:
        """Redact a test's failure, and count it."""
        session.failures += result.failed
        result.message = session.redact(result.message)

    def end_suite(self, _data: Any, result: Any) -> None:
        """Redact a suite's failure."""
        result.message = session.redact(result.message)
