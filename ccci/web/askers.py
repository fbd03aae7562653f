"""Who asks an API, and how they prove it: nobody, a token, a session of cookies.

An account with its password, `ccci.web.accounts`, asks by basic authorization.
"""

import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from requests.cookies import RequestsCookieJar

from ccci.errors import RecipeFailure
from ccci.web.http import Response

_READING = ("GET", "HEAD", "OPTIONS", "TRACE")


class Asker(ABC):
    """Who asks. What they prove it with is in no printed form.

    Attributes:
        name: who they are, in sentences.
    """

    name: str

    @abstractmethod
    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers that prove it, for one request."""

    @property
    def jar(self) -> RequestsCookieJar | None:
        """The cookies that go along and are changed by answers; None for no cookies."""
        return None


@dataclass(frozen=True)
class Anonymous(Asker):
    """Somebody who does not say who they are."""

    name: str = "anonymous"

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return no header."""
        return {}


@dataclass(frozen=True)
class HeaderToken(Asker):
    """Somebody with a token that is sent in a header, as it is."""

    name: str
    header: str
    token: str = field(repr=False)

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the one header."""
        return {self.header: self.token}


def bearer(name: str, token: str) -> HeaderToken:
    """Return somebody with a bearer token (RFC 6750)."""
    return HeaderToken(name, "Authorization", f"Bearer {token}")


@dataclass(frozen=True)
class CookieSession(Asker):
    """Somebody who signed in as a browser does, and whose cookies go along.

    Attributes:
        name: who signed in.
        cookies: where they belong; answers change them, as in a browser.
        headers: sent with each request.
        csrf_header: the header that what changes something must have; "" for none.
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
        """Return what a browser adds: where the request comes from, and the token against forgery.

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
