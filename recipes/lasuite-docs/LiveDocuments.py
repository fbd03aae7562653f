"""The texts of Docs' documents, and documents that several people have open at once."""

from live_document import LiveDocument, NotLetIn
from robot.api import logger
from robot.api.deco import library
from yjs_text import content_of, document_in, xml_of

from ccci.bridge.accounts import caller_of
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.bridge.until_test_ends import UntilTestEnds
from ccci.errors import RecipeFailure
from ccci.web.callers import Caller
from ccci.web.websocket import WebSocket

_PATH = "/collaboration/ws/?room="
_OPEN = UntilTestEnds()


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener=_OPEN)
class LiveDocuments:
    """Writes and reads documents as Docs' pages do: as Yjs documents, at rest by the API, and live.

    Whoever has a document open leaves it when the test ends.
    """

    @project_keyword()
    def content_with_text(self, *lines: str) -> str:
        """Returns a document with a paragraph for each line, for Docs' API. Never fails.

        Example:
        | ${content}=    Content With Text    Bread    Cheese
        | VAR    &{body}=    content=${content}
        """
        return content_of(lines)

    @project_keyword("assertion")
    def content_should_have(self, content: str, *texts: str) -> None:
        """Fails unless the content that Docs' API answered has each of these texts.

        Example:
        | Content Should Have    ${answer.text}    Bread    Cheese
        """
        seen = _read(content)
        for text in texts:
            if text not in seen:
                raise RecipeFailure(f"Expected a document with {text!r}; it has {seen[:1000]!r}")

    @project_keyword("assertion")
    def content_should_not_have(self, content: str, text: str) -> None:
        """Fails when the content that Docs' API answered has this text, or is no document.

        Example:
        | Content Should Not Have    ${answer.text}    Bread
        """
        if text in (seen := _read(content)):
            raise RecipeFailure(f"Expected a document without {text!r}; it has {seen[:1000]!r}")

    @project_keyword("assertion")
    def open_live(self, document: str, by: object) -> LiveDocument:
        """Opens a document for somebody, who then sees what others write. Returns it.

        ``document`` is its ID. Fails when the server does not let them in.

        Example:
        | ${open}=    Open Live    ${document.id}    by=${mona.session}
        """
        live = self._live(document, caller_of(by))
        live.open()
        logger.info(f"{live}: {live.scope}")
        return live

    @project_keyword("assertion")
    def opening_live_should_be_refused(self, document: str, by: object, site: str = "") -> None:
        """Fails unless the server refuses to open the document for somebody.

        With ``site`` (a host name), the request's Origin is that site.

        Example:
        | Opening Live Should Be Refused    ${document.id}    by=${olga.session}
        """
        live = self._live(document, caller_of(by), site)
        try:
            live.open()
        except NotLetIn as refusal:
            logger.info(str(refusal))
        else:
            raise RecipeFailure(f"{live}: expected not to be let in; may: {live.scope}")

    @project_keyword("assertion")
    def write_live(self, live: LiveDocument, line: str) -> None:
        """Adds a paragraph to a document that somebody has open. Fails when the server refuses it.

        Example:
        | Write Live    ${open}    Soup at noon
        """
        if not live.write(line):
            raise RecipeFailure(f"{live}: the server did not take {line!r}")

    @project_keyword("assertion")
    def writing_live_should_be_refused(self, live: LiveDocument, line: str) -> None:
        """Fails unless the server says that it does not take a paragraph.

        Example:
        | Writing Live Should Be Refused    ${open}    Scribble
        """
        if live.write(line):
            raise RecipeFailure(f"{live}: expected to be refused; the server took {line!r}")

    @project_keyword("assertion")
    def live_document_should_have(self, live: LiveDocument, text: str) -> None:
        """Waits until a document that somebody has open shows this text. Fails after a minute.

        Example:
        | Live Document Should Have    ${open}    Soup at noon
        """
        live.wait_for(text)

    @project_keyword("assertion")
    def live_document_should_not_have(self, live: LiveDocument, text: str) -> None:
        """Fails when a document that somebody has open shows this text. Does not wait.

        Wait before, with `Live Document Should Have`, for something that was written later.

        Example:
        | Live Document Should Not Have    ${open}    Scribble
        """
        if text in live.text:
            raise RecipeFailure(f"{live}: expected no text {text!r}; it has {live.text[:1000]!r}")

    @project_keyword("assertion")
    def live_document_should_end(self, live: LiveDocument) -> None:
        """Waits until the server has ended somebody's connection. Fails after a minute.

        Example:
        | Live Document Should End    ${open}
        """
        live.wait_for_end()

    def _live(self, document: str, caller: Caller, site: str = "") -> LiveDocument:
        url = f"{session.app.url}{_PATH}{document}"
        socket = WebSocket(url, caller, session.server.ca_bundle, site)
        live = LiveDocument(document, socket)
        _OPEN.close_later(live.close)
        return live


def _read(content: str) -> str:
    try:
        return xml_of(document_in(content))
    except ValueError as error:
        raise RecipeFailure(f"Expected a document; got {content[:200]!r}: {error}") from None
