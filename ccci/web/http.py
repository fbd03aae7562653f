"""HTTPS requests to an app, trusting what the server file says and nothing more."""

import hashlib
import re
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar

from ccci.errors import RecipeFailure
from ccci.node.names import use_names
from ccci.node.server import Server
from ccci.web.jsonview import JsonObject, read_json
from ccci.web.limits import AT_MOST_BYTES, WITHIN_SECONDS, Meter, MeteredAdapter
from ccci.web.unanswered import failure_of


@dataclass(frozen=True)
class Cookie:
    """A cookie that an answer set. Its value is left out of every printed form."""

    name: str
    value: str = field(repr=False)
    secure: bool
    http_only: bool
    domain: str
    path: str


@dataclass(frozen=True)
class Location:
    """An address that an answer sends its reader to: without its query, and the query's fields."""

    page: str
    query: JsonObject


@dataclass(frozen=True, repr=False)
class Response:
    """An app's answer.

    Attributes:
        url: the address asked.
        status: the HTTP status.
        headers: names in lower case.
        body: the bytes as they came.
        seconds: from the request to the last byte.
        cookies: what it set.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    cookies: tuple[Cookie, ...] = ()

    def __repr__(self) -> str:
        # Without headers and body, which may hold tokens that no store knows.
        return f"<{self.status} from {self.url.partition('?')[0]}>"

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def size(self) -> int:
        """How many bytes the body has."""
        return len(self.body)

    @property
    def sha256(self) -> str:
        """The checksum of the body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def json(self) -> Any:
        """The body as JSON, whose members are read by dots.

        Raises:
            RecipeFailure: it is none.
        """
        try:
            return read_json(self.body)
        except ValueError:
            raise RecipeFailure(
                f"{self.url} was answered {self.status} with {self.content_type or 'no media type'}"
                f", expected JSON{start_of(self)}"
            ) from None

    @property
    def location(self) -> Location:
        """Where the answer sends its reader: `page`, and the `query` by dots.

        Raises:
            RecipeFailure: it names no place.
        """
        named = self.headers.get("location", "")
        if not named:
            raise RecipeFailure(f"{self.url} was answered {self.status} without a Location.")
        page, _, query = urllib.parse.urljoin(self.url, named).partition("?")
        return Location(page, JsonObject(urllib.parse.parse_qsl(query)))


class Client:
    """A client of the apps on one server. Certificates are always verified; no cookie is kept."""

    def __init__(self, server: Server) -> None:
        """Take the trust and the names from the server file."""
        use_names(server.names)
        self._session = requests.Session()
        self._meter = Meter()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, MeteredAdapter(self._meter))
        # REQUESTS_CA_BUNDLE of the environment would beat the server file's bundle.
        self._session.trust_env = False
        self._session.verify = str(server.ca_bundle) if server.ca_bundle else True
        # Who asks is said with each request: a cookie of one must not go along with another.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_seconds: float = WITHIN_SECONDS,
        cookies: RequestsCookieJar | None = None,
        at_most_bytes: int = AT_MOST_BYTES,
    ) -> Response:
        """Send one request and return the answer, whatever its status; redirects are not followed.

        Args:
            method: the HTTP method.
            url: the address.
            headers: sent as they are.
            body: sent as it is.
            within_seconds: for the whole of it, from the connection to the last byte.
            cookies: sent where they belong, and changed as the answer says; None sends none.
            at_most_bytes: of the answer's body, also when it is unpacked.

        Raises:
            LimitBroken: the answer was not whole in time, or is too large.
            Unanswered: the app cut its answer off, reset the connection, or breaks HTTP.
            RecipeFailure: the certificate is not trusted, or the address is none.
            NodeFailure: no connection was made.
        """
        begun = time.monotonic()
        self._meter.begin(within_seconds, at_most_bytes)
        try:
            answer = self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                allow_redirects=False,
                cookies=cookies,
            )
        except requests.exceptions.RequestException as error:
            raise failure_of(url, error) from None
        if cookies is not None:
            extract_cookies_to_jar(cookies, answer.request, answer.raw)  # type: ignore[no-untyped-call]
        lower = {name.lower(): value for name, value in answer.headers.items()}
        took = time.monotonic() - begun
        return Response(url, answer.status_code, lower, answer.content, took, _cookies(answer))


# What a JSON field that is named for a credential holds.
_HIDDEN = re.compile(
    r'("[^"]*(?:token|secret|password|passwd|key|session|jwt|cookie)[^"]*"\s*:\s*")[^"]*',
    re.IGNORECASE,
)
# What is not closed ends with the text: without that a page of `<` would be searched for minutes.
_MARKUP = re.compile(
    r"<(script|style|svg)\b.*?(?:</\1>|\Z)|<[^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)


def start_of(answer: Response, characters: int = 300) -> str:
    """Return the start of an answer's body, to end a sentence with.

    Text in JSON fields that are named for credentials is left out; of a page its text is shown.
    """
    page = answer.content_type == "text/html"
    text = " ".join((_MARKUP.sub(" ", answer.text) if page else answer.text).split())
    shown = _HIDDEN.sub(r"\1<secret>", text[: characters * 4])[:characters]
    return f": {shown}" if shown else ", with an empty body"


def _cookies(answer: requests.Response) -> tuple[Cookie, ...]:
    return tuple(
        Cookie(
            one.name,
            one.value or "",
            one.secure,
            one.has_nonstandard_attr("HttpOnly") or one.has_nonstandard_attr("httponly"),
            one.domain,
            one.path,
        )
        for one in answer.cookies
    )
