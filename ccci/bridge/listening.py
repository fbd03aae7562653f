"""A Robot listener: hides credentials in output.xml, counts failures, adds the last test."""

from typing import Any

from ccci.bridge import publishing
from ccci.bridge.console import test_begins
from ccci.bridge.origins import is_incomplete, note_redacted, note_step, was_not_begun
from ccci.bridge.session import session, stage_of
from ccci.errors import SKIPPED
from ccci.stage_names import STAGES

_LONGEST_MESSAGE = 100_000
# The last test of every stage, whatever the recipe.
LAST_TEST = "The App Stayed Up And Answered For No Other"
LAST_KEYWORDS = ("The App Should Have Stayed Up", "Other Sites Should Answer For Themselves")


class Listener:
    """Redacts every credential of the run in messages and arguments, as they are written.

    It belongs to the library Runs, which every suite of a run uses.
    """

    ROBOT_LISTENER_API_VERSION = 3
    _test = ""

    def start_suite(self, data: Any, _result: Any) -> None:
        """Add the last test to each file of a stage in which the app is up."""
        stage = stage_of(data.full_name)
        if data.tests and stage in STAGES and stage != "teardown":
            last = data.tests.create(name=LAST_TEST, tags=[stage, "generic"])
            for keyword in LAST_KEYWORDS:
                last.body.create_keyword(name=keyword)

    def log_message(self, message: Any) -> None:
        """Redact a log message."""
        message.message = session.redact(message.message)
        # A screenshot is longer, and is none of an app's texts.
        if not message.html and (over := len(message.message) - _LONGEST_MESSAGE) > 0:
            start = message.message[:_LONGEST_MESSAGE]
            message.message = f"{start}... ({over:,} more characters are not shown)"

    def start_keyword(self, _data: Any, result: Any) -> None:
        """Redact a keyword's arguments."""
        result.args = tuple(session.redact(str(argument)) for argument in result.args)

    def end_keyword(self, _data: Any, result: Any) -> None:
        """Note what failed of itself, and redact it."""
        note_step(self._test, result)
        redacted = session.redact(result.message)
        note_redacted(result.message, redacted)
        result.message = redacted

    def start_test(self, _data: Any, result: Any) -> None:
        """Tell the console that the line is not complete."""
        self._test = result.full_name
        test_begins()

    def end_test(self, _data: Any, result: Any) -> None:
        """Complete and redact a test's failure, count it, and tag one that is incomplete."""
        self._test = ""
        if result.failed:
            session.failures += 1
            session.failed_in = stage_of(result.parent.full_name)
        if result.failed and session.overdue:
            then = f"{session.overdue}\n{result.message}"
            not_begun = was_not_begun(result)
            result.message = f"{SKIPPED}{session.overdue}" if not_begun else then
        # An app that is gone answers oddly; whoever reads of that should know why.
        death = session.death_of_the_app if result.failed else ""
        if death and not was_not_begun(result):
            result.message = f"{result.message}\nMeanwhile {death}."
        result.message = session.redact(result.message)
        if result.failed:
            publishing.test_failed(result.end_time, session.death_of_a_dependency)
            if is_incomplete(result.message):
                result.tags.add("incomplete")
            elif not publishing.is_disturbed():
                session.note_failure(result.name)

    def end_suite(self, _data: Any, result: Any) -> None:
        """Redact a suite's failure."""
        result.message = session.redact(result.message)
