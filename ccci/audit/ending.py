"""A Robot listener that ends a broken run once a test has failed as the defect says.

What comes after that failure proves nothing more, and may wait for minutes.
"""

from typing import Any

from ccci.results.reasons import NOT_BEGUN, one_line


class Ending:
    """Ends the run at the first test whose failure has the words of the defect.

    Args:
        words: the defect's message, as Robot cuts it at each colon.

    Example:
        >>> ["--listener", "ccci.audit.ending.Ending:db: damaged dump"]  # options of Robot
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, *words: str) -> None:
        self._message = one_line(":".join(words))
        self._seen = False

    def end_test(self, _data: Any, result: Any) -> None:
        """Note whether the test failed for the defect."""
        self._seen = self._seen or (result.failed and self._message in one_line(result.message))

    def start_suite(self, data: Any, _result: Any) -> None:
        """Skip the setups of later suites; teardowns still run."""
        if self._seen:
            data.setup = None

    def start_test(self, data: Any, _result: Any) -> None:
        """End the run instead of the next test; the suites' teardowns still run."""
        if self._seen:
            data.setup = data.teardown = None
            data.body.clear()
            data.body.create_keyword(name="Fatal Error", args=[NOT_BEGUN])
