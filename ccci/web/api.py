"""An app's HTTP API: calls whose answers must be as expected, and waits for a state."""

import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, replace

from ccci.errors import CcciError, Misuse, NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, hold_for, wait_for
from ccci.web.call import Call
from ccci.web.callers import Anonymous, CookieSession
from ccci.web.http import Client, Response, start_of
from ccci.web.jsonview import as_text, value_at
from ccci.web.limits import AT_MOST_BYTES, WITHIN_SECONDS, LimitBroken
from ccci.web.unanswered import Unanswered

_MOVED = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_BUSY = 429
# One look of a wait, so that an app that hangs at its start is asked again.
# The last look begins before the deadline, and has its time: what it sees is what is told.
_LOOK_SECONDS, _LAST_LOOK_SECONDS = 10.0, 2.0
_ROUTER = "Look at the router's labels (rule, port, entrypoint, network) and the service's log."
_SERVICE = "Look at the log of the app's services: it lies with the results, in services/."


@dataclass(frozen=True)
class Wanted:
    """What an answer should be.

    Attributes:
        statuses: one of these.
        field: a dotted path in its JSON; "" for none.
        values: what may stand there, each as JSON writes it; empty for anything but null.
    """

    statuses: tuple[int, ...] = (200,)
    field: str = ""
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        status = " or ".join(map(str, self.statuses))
        values = f" {' or '.join(self.values)}" if self.values else ""
        return f"{status} with {self.field}{values}" if self.field else status

    def met_by(self, answer: Response) -> bool:
        """Tell whether an answer is so."""
        if answer.status not in self.statuses:
            return False
        if not self.field:
            return True
        seen = _value(answer, self.field)
        return seen in self.values if self.values else seen not in (None, "null")

    def seen_in(self, answer: Response) -> str:
        """Return an answer in the words of what was wanted."""
        if not self.field:
            return str(answer.status)
        seen = _value(answer, self.field)
        return f"{answer.status} " + (
            f"without {self.field}" if seen is None else f"with {self.field} {seen[:80]}"
        )


def statuses_in(expect: str | int) -> tuple[int, ...]:
    """Return the statuses that a table expects.

    Raises:
        Misuse: it is none.

    Example:
        >>> statuses_in("200 or 404")
        (200, 404)
    """
    words = [word.strip() for word in str(expect).split(" or ")]
    if not all(word.isdecimal() and 100 <= int(word) <= 599 for word in words):
        raise Misuse(f"expect={expect!r} is no status: write 200, or several as in '200 or 404'.")
    return tuple(map(int, words))


def values_in(value: object) -> tuple[str, ...]:
    """Return the values that a table waits for, each as JSON writes it; none for None.

    Example:
        >>> values_in("success or error"), values_in(True)
        (('success', 'error'), ('true',))
    """
    if value is None:
        return ()
    return tuple(value.split(" or ")) if isinstance(value, str) else (as_text(value),)


class Api:
    """The API of an app, at its address on one server."""

    def __init__(self, client: Client, address: str, domain: str) -> None:
        """Take the app's address without a slash at its end, and the domain of its server."""
        self._client, self._address, self._domain = client, address, domain

    def call(self, call: Call, wanted: Wanted) -> Response:
        """Send a call and return its answer.

        Raises:
            RecipeFailure: the answer is another, or the app gave none; one sentence, and where to
                look.
            NodeFailure: no connection was made.
        """
        return _as_wanted(call, self.send(call), wanted)

    def send(
        self,
        call: Call,
        within_seconds: float = WITHIN_SECONDS,
        at_most_bytes: int = AT_MOST_BYTES,
    ) -> Response:
        """Send a call and return its answer, whatever it is.

        Raises:
            RecipeFailure: the address is on another server, its certificate is not trusted, or the
                app gave no whole answer in time, or one that is too large.
            NodeFailure: no connection was made.
        """
        url = call.url_below(self._address)
        self._check(url, call)
        headers = {**call.by.headers_for(call.method, url), **call.headers}
        if call.body and not any(name.lower() == "content-type" for name in call.headers):
            headers["Content-Type"] = call.body.content_type
        content = call.body.content if call.body else None
        return self._client.request(
            call.method, url, headers, content, within_seconds, call.by.jar, at_most_bytes
        )

    def wait(
        self,
        call: Call,
        wanted: Wanted,
        within_seconds: float,
        holding_seconds: float = 0,
        meanwhile: Callable[[], None] | None = None,
    ) -> Response:
        """Send a call until its answer is as wanted, and stays so; return the last one.

        Args:
            call: what to send.
            wanted: the answer.
            within_seconds: the deadline.
            holding_seconds: for how long the answer must stay so.
            meanwhile: called before each try; when it raises, the wait is over.

        Raises:
            RecipeFailure: it was not in time; the sentence says what was seen last.
            NodeFailure: the last time there was no connection at all.
        """
        last: list[Response] = []
        kind: list[type[CcciError]] = [RecipeFailure]
        ends_at = time.monotonic() + within_seconds

        def look() -> Look:
            if meanwhile:
                meanwhile()
            last.clear()
            kind[:] = [RecipeFailure]
            seconds = min(_LOOK_SECONDS, max(ends_at - time.monotonic(), _LAST_LOOK_SECONDS))
            try:
                answer = self.send(call, seconds)
            except (NodeFailure, Unanswered, LimitBroken) as error:
                kind[:] = [NodeFailure if isinstance(error, NodeFailure) else RecipeFailure]
                return Look(False, str(error).splitlines()[0])
            last[:] = [answer]
            return Look(wanted.met_by(answer), f"answered {wanted.seen_in(answer)}")

        try:
            if holding_seconds:
                hold_for(str(call), look, within_seconds, holding_seconds)
            else:
                wait_for(str(call), look, within_seconds)
        except TooLate as late:
            held = f", for {holding_seconds:g} s" if holding_seconds else ""
            raise kind[0](
                f"{call} was last {late.seen} after {late.after_seconds:.1f} s, expected {wanted}"
                f"{held}{start_of(last[0]) if last else ''}\n"
                f"{_where(last[0]) if last else _ROUTER}"
            ) from None
        return last[0]

    def download(
        self,
        call: Call,
        wanted: Wanted,
        within_seconds: float = WITHIN_SECONDS,
        at_most_bytes: int = AT_MOST_BYTES,
    ) -> Response:
        """Download a file, following redirects.

        Credentials are sent to the app alone, not to another host that it redirects to.

        Raises:
            RecipeFailure: the last answer is another, there are too many redirects, or the file
                was not whole in time or is too large.
        """
        ends_at = time.monotonic() + within_seconds
        for _ in range(_MOST_REDIRECTS):
            answer = self.send(call, max(ends_at - time.monotonic(), 0.1), at_most_bytes)
            if answer.status not in _MOVED or answer.status in wanted.statuses:
                break
            here = call.url_below(self._address)
            there = urllib.parse.urljoin(here, answer.headers.get("location", ""))
            call = call.to(there)
            if _origin(here) != _origin(there):
                call = replace(call, by=Anonymous(), headers={})
        return _as_wanted(call, answer, wanted)

    def sign_in(
        self, call: Call, session: CookieSession, wanted: Wanted, page: str, within_seconds: float
    ) -> CookieSession:
        """Sign in as a browser does, and return the session.

        Args:
            call: the sign-in.
            session: an empty one.
            wanted: what the sign-in is to be answered.
            page: a page to open first, for the cookie with the CSRF token; "" for none.
            within_seconds: how long a 429 (too many requests) is retried.

        Raises:
            RecipeFailure: it was refused, or no cookie came.
        """
        if page:
            self.call(Call("GET", page, session), Wanted())
        call = replace(call, by=session)
        answer = _as_wanted(call, self._when_heard(call, within_seconds), wanted)
        if not answer.cookies:
            raise RecipeFailure(f"{call} was answered {answer.status}, but set no cookie.")
        return replace(session, answer=answer)

    def _when_heard(self, call: Call, within_seconds: float) -> Response:
        last: list[Response] = []

        def look() -> Look:
            last[:] = [self.send(call)]
            return Look(last[0].status != _BUSY, str(last[0].status))

        try:
            wait_for(str(call), look, within_seconds, every_seconds=1)
        except TooLate as late:
            raise RecipeFailure(
                f"{call} was answered {_BUSY} (too many requests) for {late.after_seconds:.1f} s"
                f"{start_of(last[0])}\n{_SERVICE}"
            ) from None
        return last[0]

    def _check(self, url: str, call: Call) -> None:
        host = urllib.parse.urlsplit(url).hostname or ""
        own = urllib.parse.urlsplit(self._address).hostname
        if host != own and not f".{host}".endswith(f".{self._domain}"):
            raise RecipeFailure(
                f"{call}: the address is not below {self._domain}, the domain of the server's apps."
            )


def _as_wanted(call: Call, answer: Response, wanted: Wanted) -> Response:
    if not wanted.met_by(answer):
        raise RecipeFailure(
            f"{call} was answered {wanted.seen_in(answer)}, expected {wanted}{start_of(answer)}\n"
            f"{_where(answer)}"
        )
    return answer


def _value(answer: Response, field: str) -> str | None:
    try:
        return as_text(value_at(answer.json, field))
    except (LookupError, RecipeFailure):
        return None


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def _where(answer: Response) -> str:
    """Say where to look: the proxy in front of the app may have answered, not the app."""
    from_proxy = answer.status in (502, 503, 504) or answer.text.strip() == "404 page not found"
    return _ROUTER if from_proxy else _SERVICE
