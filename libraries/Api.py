"""An app's HTTP API: one call, files, pages of a list, and waits for a state."""

from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import escape

from ccci.bridge.accounts import revealed
from ccci.bridge.calling import api_of_run, call_of
from ccci.bridge.failures import project_keyword
from ccci.bridge.origins import is_incomplete
from ccci.bridge.requests_session import RequestsListener
from ccci.errors import NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, hold_for
from ccci.web.api import Wanted, statuses_in, values_in
from ccci.web.call import Call, body_of, multipart_of
from ccci.web.files import File
from ccci.web.http import Response
from ccci.web.limits import AT_MOST_BYTES
from ccci.web.pages import all_items, paging_of


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener=RequestsListener())
class Api:
    """Calls the app under test over HTTPS. Certificates are always verified.

    = Paths =

    A path is below the app's address. A full address must belong to an app on this server: another
    app of the run, or an address that the app itself returned.

    = Callers =

    ``by`` says who calls: an account (`Accounts.New Account`), with HTTP basic authorization, or
    what `Accounts.Bearer`, `Header Token` or `Sign In With Cookie` returned. Without ``by`` the
    call is anonymous. Only a session of `Sign In With Cookie` sends cookies.

    = Bodies =

    ``body`` is a dictionary or a list, which is sent as JSON; or text or bytes, which are sent as
    they are, with ``content_type``. A dictionary with
    ``content_type=application/x-www-form-urlencoded`` is sent as a form. Secrets may be used
    anywhere in a body, in headers and in a query. Values in a JSON body are sent as text: write
    ``${20}`` for a number and ``${True}`` for true.

    = Answers =

    | = Field = | = Meaning = |
    | ``status`` | the HTTP status, a number |
    | ``json`` | the body as JSON, read with dotted paths: ``${answer.json.posts[0].title}`` |
    | ``text``, ``body`` | the body as text and as bytes; ``size`` and ``sha256`` of the bytes |
    | ``headers`` | by names in lower case: ``${answer.headers}[content-type]`` |
    | ``content_type`` | the media type, without its parameters |
    | ``location`` | where a redirect leads: ``page`` (without query), and ``query`` (with dots) |
    | ``url``, ``seconds`` | the address asked, and how long the answer took |

    ``expect`` is the status of the answer, or several: ``200 or 404``. Redirects are not followed,
    except by `Download File`.

    = Limits =

    The whole of an answer must come within 30 seconds, and be at most 16 MiB, also when it is
    unpacked. More is the app's fault, and a failure. `Download File` can raise both limits.

    = RequestsLibrary =

    Its own keywords work on the session ``app``, as in ``GET On Session    app    /health``: it
    points to the app under test, with the server's names and trust. Their headers and bodies are
    not logged, since they may hold credentials. The limits are the same for each of them, with all
    its redirects; ``timeout=`` allows more time.
    """

    @project_keyword("assertion")
    def call_api(
        self,
        method: str,
        path: str,
        body: object = None,
        by: object = None,
        expect: str | int = 200,
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        content_type: str = "",
    ) -> Response:
        """Calls the API and returns the answer; see the library's introduction for the arguments.

        Fails when the answer has another status than ``expect``. The message has the call, the
        status and the start of the body. If no answer comes at all, the test is incomplete.

        Example:
        | VAR    &{body}    title=Hello    tags=${tags}
        | ${answer}=    Call API    POST    /api/posts    ${body}    by=${anna}    expect=201
        | Should Be Equal    ${answer.json.author.name}    anna
        """
        call = call_of(method, path, by, body_of(revealed(body), content_type), headers, query)
        return _logged(call, api_of_run().call(call, Wanted(statuses_in(expect))))

    @project_keyword("assertion")
    def upload_file(
        self,
        method: str,
        path: str,
        file: File,
        by: object = None,
        field: str = "",
        fields: dict[str, Any] | None = None,
        expect: str | int = 201,
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        content_type: str = "application/octet-stream",
    ) -> Response:
        """Uploads a file and returns the answer.

        With ``field``, the file is sent under this name in a multipart form, after the form's other
        ``fields``. Without ``field``, the file is the whole body. Files come from
        `Content.Random File` and `Text File`.

        Fails when the answer has another status than ``expect``.

        Example:
        | ${picture}=    Random File    picture.png    size=50000
        | Upload File    POST    /api/files    ${picture}    by=${anna}    field=attachment
        """
        alone = body_of(file.content, content_type)
        form = revealed(fields or {})
        body = multipart_of(field, file.name, file.content, content_type, form) if field else alone
        call = call_of(method, path, by, body, headers, query)
        return _logged(call, api_of_run().call(call, Wanted(statuses_in(expect))))

    @project_keyword("assertion")
    def download_file(
        self,
        path: str,
        by: object = None,
        expect: str | int = 200,
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        within: timedelta = timedelta(seconds=30),
        at_most_mib: int = AT_MOST_BYTES >> 20,
    ) -> Response:
        """Downloads a file, following redirects; the answer has ``body`` and ``sha256``.

        Credentials are sent to the app alone, not to another host that it redirects to. Fails when
        the last answer has another status than ``expect``, when the file is not whole ``within``
        that time, or larger than ``at_most_mib``.

        Example:
        | ${seen}=    Download File    ${issue.assets[0].browser_download_url}    by=${anna}
        | Bytes Should Be    ${seen.body}    ${picture.content}
        """
        call = call_of("GET", path, by, None, headers, query)
        wanted, seconds = Wanted(statuses_in(expect)), within.total_seconds()
        return _logged(call, api_of_run().download(call, wanted, seconds, at_most_mib << 20))

    @project_keyword("assertion")
    def pages_of_api(
        self,
        path: str,
        by: object = None,
        items: str = "",
        page: str = "",
        offset: str = "",
        cursor: str = "",
        next: str = "",
        first_page: int = 1,
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
    ) -> list[Any]:
        """Returns the items of all pages of a list; their fields are read with dots.

        If the answer is not the list itself, ``items`` is the dotted path to it. One of three
        arguments names the query parameter that asks for the next page: ``page`` takes the page's
        number, which starts at ``first_page``; ``offset`` takes the number of items to skip;
        ``cursor`` takes the value of the answer's field ``next``. Without any of them the Link
        header is followed.

        Fails when a page has another status than 200 or no list there, when the same page comes
        twice, and after 200 pages.

        Example:
        | @{issues}=    Pages Of API    /api/issues?limit=50    by=${anna}    page=page
        | @{users}=    Pages Of API    /api/users    items=data    cursor=cursor    next=nextCursor
        """
        call = call_of("GET", path, by, None, headers, query)
        paging = paging_of(page, offset, cursor, next, first_page)
        found = all_items(api_of_run(), call, Wanted(), items, paging)
        logger.info(f"{call}: {len(found)} items")
        return found

    @project_keyword("assertion")
    def wait_until_api_answers(
        self,
        method: str,
        path: str,
        body: object = None,
        by: object = None,
        expect: str | int = 200,
        field: str = "",
        value: object = None,
        within: timedelta = timedelta(seconds=30),
        holding: timedelta = timedelta(0),
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        content_type: str = "",
    ) -> Response:
        """Calls the API until it answers as expected; returns that answer.

        ``expect`` is the status, or several. ``field`` is a dotted path in the JSON. The field must
        have the ``value``, or one of several (``success or error``). Without a ``value`` it must
        exist and not be null. ``within`` is the deadline. With ``holding`` the answer must stay as
        expected for that long.

        Fails with the last answer, and how long it waited.

        Example:
        | Wait Until API Answers    GET    /api/jobs/7    field=status    value=success or error
        | Wait Until API Answers    GET    /health    within=5 minutes    holding=3 seconds
        """
        call = call_of(method, path, by, body_of(revealed(body), content_type), headers, query)
        wanted = Wanted(statuses_in(expect), field, values_in(value))
        seconds = within.total_seconds()
        return _logged(call, api_of_run().wait(call, wanted, seconds, holding.total_seconds()))

    @project_keyword("assertion")
    def eventually(
        self,
        keyword: str,
        *arguments: object,
        within: timedelta = timedelta(seconds=30),
        holding: timedelta = timedelta(seconds=1),
    ) -> None:
        """Repeats a checking keyword until it passes, and keeps passing for the time ``holding``.

        A check that passes once and then fails again does not count. ``within`` is the deadline.
        Arguments of the keyword are given by their position; ``name=value`` is a text here.
        Fails with the last failure of the keyword.

        Example:
        | Eventually    The Post Should Be Public    ${post}    holding=2 seconds
        """

        last = ""
        # Robot looks for variables in the texts that it runs a keyword with, and `${{...}}` is
        # Python: what an app answered is a text alone.
        texts = [escape(one) if isinstance(one, str) else one for one in arguments]

        def look() -> Look:
            nonlocal last
            passed, outcome = BuiltIn().run_keyword_and_ignore_error(keyword, *texts)
            last = str(outcome or passed)
            return Look(passed == "PASS", f"{keyword}: {last}")

        try:
            hold_for(f"'{keyword}' to pass", look, within.total_seconds(), holding.total_seconds())
        except TooLate as late:
            # What the keyword says last decides: it may be that nobody was reached.
            kind = NodeFailure if is_incomplete(last) else RecipeFailure
            raise kind(str(late)) from None


def _logged(call: Call, answer: Response) -> Response:
    logger.info(f"{call}: {answer.status}, {answer.size} bytes, {answer.seconds:.2f} s")
    return answer
