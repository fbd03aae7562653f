"""What guards an app's pages, as anybody sees it: headers, what is for its operator, HTTPS."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccci.errors import NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.http import Client, Response

HEADERS = (
    "content-security-policy", "referrer-policy", "strict-transport-security",
    "x-content-type-options", "x-frame-options",
)  # fmt: skip
# What programs show of themselves, for their operator: where, and how it is known. Prometheus'
# exposition format; the index of Go's net/http/pprof; Apache's mod_status.
FOR_OPERATORS = {
    "metrics": ("/metrics", re.compile(r"^# (?:HELP|TYPE) ", re.MULTILINE)),
    "profiles": ("/debug/pprof/", re.compile(r"/debug/pprof/[\s\S]*goroutine")),
    "server status": ("/server-status", re.compile(r"Apache Server Status")),
}
# Answers that say nothing of what would be shown at another time.
_BUSY = 429
_MOST_REDIRECTS = 5
_WITHIN_SECONDS = 10.0
# A page may fail for a moment, as while the app opens its database again.
_BROKEN_FOR_SECONDS = 15.0
_NO_TIME = re.compile(r"\bmax-age\s*=\s*\"?0+\b")


@dataclass(frozen=True)
class Page:
    """How a page was answered: its status, and the security headers that it had."""

    status: int
    headers: frozenset[str]

    @property
    def is_shown(self) -> bool:
        """Whether people see the page, or are led to another."""
        return self.status < 400

    @property
    def is_missing(self) -> bool:
        """Whether the app says that it has no such page."""
        return self.status in (404, 410)


@dataclass(frozen=True)
class PageGuards:
    """What guards an app's pages.

    Attributes:
        pages: path to its answer; without those that are broken.
        broken: path to what came of a page that was not answered, or with an error of the server,
            as `status 500`.
        shown_to_all: whether anybody may read what is for the operator, by its name, as `metrics`;
            without what was not answered.
        leads_to_https: whether plain HTTP leads to HTTPS; None where nothing answers plain HTTP.
    """

    pages: Mapping[str, Page] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    shown_to_all: Mapping[str, bool] = field(default_factory=dict)
    leads_to_https: bool | None = None


def page_guards(client: Client, url: str, paths: list[str]) -> PageGuards:
    """Ask an app's pages, as nobody in particular.

    Args:
        client: sends the requests.
        url: the app's address, without a slash at its end.
        paths: the pages to ask for.

    Raises:
        NodeFailure: the app cannot be reached.

    Example:
        ``page_guards(client, app.url, ["/", "/healthz"]).shown_to_all["metrics"]`` -> ``False``
    """
    pages, broken = {}, {}
    for path in paths:
        try:
            pages[path] = _page(client, url, path)
        except TooLate as late:
            broken[path] = late.seen
    shown = {
        name: answer.status == 200 and known_by.search(answer.text) is not None
        for name, (path, known_by) in FOR_OPERATORS.items()
        if (answer := _asked(client, url + path)) and answer.status < 500 and answer.status != _BUSY
    }
    return PageGuards(pages, broken, shown, _leads_to_https(client, url))


def headers_in(headers: Mapping[str, str]) -> frozenset[str]:
    """Return which security headers an answer has; `frame-ancestors` does for `x-frame-options`.

    Example:
        >>> sorted(headers_in({"content-security-policy": "frame-ancestors 'self'"}))
        ['content-security-policy', 'x-frame-options']
    """
    found = {name for name in HEADERS if headers.get(name)}
    if _NO_TIME.search(headers.get("strict-transport-security", "")):
        found -= {"strict-transport-security"}
    if "frame-ancestors" in headers.get("content-security-policy", ""):
        found |= {"x-frame-options"}
    return frozenset(found)


def _page(client: Client, url: str, path: str) -> Page:
    answer: Response | None = None

    def look() -> Look:
        nonlocal answer
        answer = _followed(client, url, url + path)
        seen = f"status {answer.status}" if answer else "no whole answer"
        return Look(answer is not None and answer.status < 500, seen)

    wait_for(f"{path} to be answered", look, _BROKEN_FOR_SECONDS, every_seconds=1)
    assert answer is not None
    return Page(answer.status, headers_in(answer.headers))


def _followed(client: Client, url: str, page: str) -> Response | None:
    """Return the answer at the end of a page's redirects, as long as they stay with the app."""
    answer = _asked(client, page)
    for _ in range(_MOST_REDIRECTS):
        if answer is None or not 300 <= answer.status < 400 or "location" not in answer.headers:
            break
        target = urllib.parse.urljoin(answer.url, answer.headers["location"])
        if not target.startswith(f"{url}/"):
            break
        answer = _asked(client, target)
    return answer


def _asked(client: Client, url: str) -> Response | None:
    """Return an answer; None where there is none that could be compared."""
    try:
        return client.request("GET", url, within_seconds=_WITHIN_SECONDS)
    except RecipeFailure:
        return None


def _leads_to_https(client: Client, url: str) -> bool | None:
    address = urllib.parse.urlsplit(url)
    if address.port:
        return None
    try:
        answer = _asked(client, f"http://{address.hostname}/")
    except NodeFailure:
        return None
    if answer is None:
        return None
    location = answer.headers.get("location", "")
    return 300 <= answer.status < 400 and location.startswith("https://")
