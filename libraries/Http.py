"""HTTPS requests to apps, with waits that know what they wait for."""

from datetime import timedelta

from robot.api import logger
from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, hold_for
from ccci.web.http import Response


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Http:
    """Requests to apps. The server file says whom to trust; certificates are always verified.

    An address that begins with a slash is a path on the app under test. An answer has the fields
    ``status``, ``headers`` (names in lower case), ``body`` (bytes), ``text``, ``content_type`` and
    ``seconds``. Redirects are not followed.
    """

    @project_keyword()
    def http_get(self, url: str, headers: dict[str, str] | None = None) -> Response:
        """Sends one GET request and returns the answer, whatever its status.

        Fails when no answer comes, or the certificate is not trusted.

        Example:
        | ${answer}=    HTTP Get    /index.html
        | Should Be Equal As Integers    ${answer.status}    200
        """
        return _logged(session.client.request("GET", _address(url), headers))

    @project_keyword("assertion")
    def retry_http_get(
        self, url: str, status: int = 200, within: timedelta = timedelta(seconds=30)
    ) -> Response:
        """Sends GET requests until one is answered with the status; returns that answer.

        ``within`` is the deadline. Fails with the last answer when it passes.

        Example:
        | ${answer}=    Retry HTTP Get    /health    status=200    within=1 minute
        """
        answer = session.client.wait_for_status(_address(url), status, within.total_seconds())
        return _logged(answer)

    @project_keyword("assertion")
    def wait_for_http(
        self,
        url: str,
        status: int = 200,
        within: timedelta = timedelta(minutes=5),
        holding: timedelta = timedelta(seconds=1),
    ) -> Response:
        """Waits until an address answers with the status, and keeps doing so while ``holding``.

        ``within`` is the deadline. Fails with the last answer when it passes.

        Example:
        | Wait For HTTP    ${app.url}/    holding=3 seconds
        """
        seconds = within.total_seconds()
        answer = session.client.wait_for_status(
            _address(url), status, seconds, holding.total_seconds()
        )
        return _logged(answer)

    @project_keyword("assertion")
    def assert_converges(
        self,
        keyword: str,
        *arguments: object,
        within: timedelta = timedelta(seconds=30),
        holding: timedelta = timedelta(seconds=1),
    ) -> None:
        """Runs a checking keyword until it passes, and keeps passing while ``holding``.

        A state that is right for a moment and falls back has not converged. ``within`` is the
        deadline. Fails with the last failure of the keyword when it passes.

        Example:
        | Assert Converges    The Post Should Be Public    ${post}    holding=2 seconds
        """

        def look() -> Look:
            passed, outcome = BuiltIn().run_keyword_and_ignore_error(keyword, *arguments)
            return Look(passed == "PASS", f"{keyword}: {outcome or passed}")

        try:
            hold_for(f"'{keyword}' to pass", look, within.total_seconds(), holding.total_seconds())
        except TooLate as late:
            raise RecipeFailure(str(late)) from None


def _address(url: str) -> str:
    return session.app.url + url if url.startswith("/") else url


def _logged(answer: Response) -> Response:
    logger.info(f"{answer.status} {answer.url} ({len(answer.body)} bytes, {answer.seconds:.2f} s)")
    return answer
