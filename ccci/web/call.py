"""One call of an API: method, address, caller, body."""

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from urllib3 import encode_multipart_formdata

from ccci.errors import Misuse
from ccci.web.callers import Anonymous, Caller
from ccci.web.jsonview import plain

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Body:
    """What is sent, and its media type."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class Call:
    """A call of an API.

    Attributes:
        method: GET, POST, ...
        path: below the app's address, or a full address.
        by: who calls.
        body: what is sent; None for nothing.
        headers: in addition to those of `by` and of the body.
        query: added to that of the path.
    """

    method: str
    path: str
    by: Caller = field(default_factory=Anonymous)
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        # Without the query, which may hold a key.
        return f"{self.by.name}: {self.method} {self.path.partition('?')[0]}"

    def to(self, path: str) -> "Call":
        """Return the same call to another address."""
        return replace(self, path=path, query={})

    def asking(self, **query: str) -> "Call":
        """Return the same call with more in its query."""
        return replace(self, query={**self.query, **query})

    def url_below(self, address: str) -> str:
        """Return the full address of the call, for an app at this address.

        Example:
            >>> Call("GET", "/posts?a=1", query={"page": "2"}).url_below("https://app.lab.test")
            'https://app.lab.test/posts?a=1&page=2'
        """
        full = self.path.startswith(("https://", "http://"))
        url = self.path if full else f"{address}/{self.path.lstrip('/')}"
        if not self.query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urllib.parse.urlencode(self.query)}"


def body_of(content: object, content_type: str = "") -> Body | None:
    """Return content as it is sent: text and bytes unchanged, anything else as JSON.

    Args:
        content: a mapping is sent as a form where `content_type` says so.
        content_type: the media type; without one it follows from the content.

    Raises:
        Misuse: it cannot be sent as JSON.

    Example:
        >>> body_of({"name": "notes"})
        Body(content=b'{"name": "notes"}', content_type='application/json')
    """
    if content is None:
        return None
    if isinstance(content, bytes):
        return Body(content, content_type or "application/octet-stream")
    if isinstance(content, str):
        return Body(content.encode(), content_type or "text/plain; charset=utf-8")
    if isinstance(content, Mapping) and content_type.startswith(FORM):
        return Body(urllib.parse.urlencode(content, doseq=True).encode(), content_type)
    try:
        return Body(json.dumps(plain(content)).encode(), content_type or "application/json")
    except TypeError as error:
        raise Misuse(f"This body cannot be sent as JSON: {error}.") from None


def multipart_of(
    field_name: str, file_name: str, content: bytes, content_type: str, fields: Mapping[str, str]
) -> Body:
    """Return a form with a file in it, after its other fields (RFC 7578)."""
    parts: list[tuple[str, str | tuple[str, bytes, str]]] = [*fields.items()]
    parts.append((field_name, (file_name, content, content_type)))
    return Body(*encode_multipart_formdata(parts))
