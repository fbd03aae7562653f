"""Who calls an API, and how they authenticate: not at all, with a token, with a cookie session.

An account with its password, `ccci.web.accounts`, uses HTTP basic authorization.
"""

import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from requests.cookies import RequestsCookieJar

from ccci.errors import RecipeFailure
from ccci.web.http import Response

_READING = ("GET", "HEAD", "OPTIONS", "TRACE")


class Caller(ABC):
    """Who calls an API. Its credentials are in no printed form.

    Attributes:
        name: what failure messages call it.
    """

    name: str

    @abstractmethod
    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers that authenticate one request."""

    @property
    def jar(self) -> RequestsCookieJar | None:
        """The cookies that are sent, and that answers change; None for no cookies."""
        return None


@dataclass(frozen=True)
class Anonymous(Caller):
    """A caller that does not authenticate."""

    name: str = "anonymous"

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return no header."""
        return {}


@dataclass(frozen=True)
class HeaderToken(Caller):
    """A caller with a token, which is sent unchanged in a header."""

    name: str
    header: str
    token: str = field(repr=False)

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the header with the token."""
        return {self.header: self.token}


def bearer(name: str, token: str) -> HeaderToken:
    """Return a caller with a bearer token (RFC 6750)."""
    return HeaderToken(name, "Authorization", f"Bearer {token}")


@dataclass(frozen=True)
class CookieSession(Caller):
    """A user who signed in as a browser does, and whose cookies are sent.

    Attributes:
        name: who signed in.
        cookies: sent to where they belong; answers change them, as in a browser.
        headers: sent with each request.
        csrf_header: the header that requests which change something need; "" for none.
        csrf_cookie: the cookie whose value that header has.
        answer: what the sign-in was answered; None until then.
    """

    name: str
    cookies: RequestsCookieJar = field(default_factory=RequestsCookieJar, repr=False, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    csrf_header: str = ""
    csrf_cookie: str = ""
    answer: Response | None = None

    @property
    def jar(self) -> RequestsCookieJar:
        """The session's cookies."""
        return self.cookies

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return what a browser adds to a request that changes something: origin and CSRF token.

        Raises:
            RecipeFailure: the app set no cookie with that token.
        """
        if method.upper() in _READING:
            return self.headers
        parts = urllib.parse.urlsplit(url)
        return {
            **self.headers,
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Referer": f"{parts.scheme}://{parts.netloc}/",
            **self._csrf(),
        }

    def _csrf(self) -> Mapping[str, str]:
        if not self.csrf_header:
            return {}
        token = self.cookies.get_dict().get(self.csrf_cookie)
        if token:
            return {self.csrf_header: urllib.parse.unquote(token)}
        if self.answer is None:
            # Before the sign-in an app may have no token yet.
            return {}
        there = ", ".join(sorted(self.cookies.keys())) or "none"
        raise RecipeFailure(
            f"{self.name}: expected a cookie {self.csrf_cookie!r} with the CSRF token; the app "
            f"set: {there}."
        )
