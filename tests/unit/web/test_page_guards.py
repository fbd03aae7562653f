"""What guards an app's pages is what anybody is answered."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure
from ccci.web.http import Client, Response
from ccci.web.page_guards import Page, headers_in, page_guards
from ccci.web.unanswered import Unanswered
from tests.unit.web.small_app import App, running

URL = "https://wiki.lab.test"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(tmp_path_factory.mktemp("app")) as app:
        yield app


def _client(**answers: Any) -> Client:
    """Answer by the address, without its first letters; nothing else is there."""

    def request(_: str, url: str, within_seconds: float) -> Response:
        status, headers, body = answers.get(url.replace(URL, ""), (404, {}, b""))
        if isinstance(status, Exception):
            raise status
        return Response(url, status, headers, body, 0.1)

    return cast(Client, SimpleNamespace(request=request))


def test_a_real_answer_is_read(app: App) -> None:
    app.answers.clear()
    app.answer(200, "hello", X_Frame_Options="DENY", Strict_Transport_Security="max-age=31536000")
    seen = page_guards(Client(app.server), app.url, ["/next", "/moved?to=/next", "/none"])
    both = Page(200, frozenset({"x-frame-options", "strict-transport-security"}))
    # A redirect within the app is followed; one elsewhere is an answer by itself.
    assert seen.pages == {"/next": both, "/moved?to=/next": both, "/none": Page(404, frozenset())}
    assert seen.leads_to_https is None  # It is at no usual port.
    elsewhere = page_guards(Client(app.server), app.url, ["/moved?to=https://sso.lab.test/"])
    assert list(elsewhere.pages.values()) == [Page(302, frozenset())]


def test_a_page_that_is_not_answered_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccci.web.page_guards._BROKEN_FOR_SECONDS", 0.1)
    client = _client(**{"/": (502, {}, b""), "/health": (Unanswered("cut off"), {}, b"")})
    seen = page_guards(client, URL, ["/", "/health"])
    assert (seen.pages, seen.broken) == ({}, {"/": "status 502", "/health": "no whole answer"})


def test_a_page_that_fails_for_a_moment_is_not_broken() -> None:
    statuses = iter([500, 200, 200])

    def request(_: str, url: str, within_seconds: float) -> Response:
        return Response(url, next(statuses) if url == f"{URL}/" else 404, {}, b"", 0.1)

    seen = page_guards(cast(Client, SimpleNamespace(request=request)), URL, ["/"])
    assert (seen.pages, seen.broken) == ({"/": Page(200, frozenset())}, {})


@pytest.mark.parametrize(
    ("status", "body", "is_open"),
    [
        (200, b"# HELP go_x How many.\n# TYPE go_x gauge\ngo_x 8\n", True),
        (200, b"go_x 1\n# TYPE go_y gauge\n", True), (401, b"# HELP x", False),
        (200, b"<h1># HELP</h1>", False), (404, b"", False),
    ],
)  # fmt: skip
def test_metrics_are_open_when_anybody_may_read_them(
    status: int, body: bytes, is_open: bool
) -> None:
    client = _client(**{"/metrics": (status, {}, body)})
    assert page_guards(client, URL, ["/"]).shown_to_all["metrics"] is is_open


def test_profiles_and_the_server_status_are_for_the_operator() -> None:
    pages = {
        "/debug/pprof/": (200, {}, b"<a href='/debug/pprof/goroutine?debug=1'>goroutine</a>"),
        "/server-status": (200, {}, b"<h1>Apache Server Status for shop</h1>"),
    }
    shown = {"metrics": False, "profiles": True, "server status": True}
    assert page_guards(_client(**pages), URL, ["/"]).shown_to_all == shown
    # A page for people, as an app without these answers any path.
    app = {path: (200, {}, b"<h1>Shop</h1>") for path in pages}
    assert not any(page_guards(_client(**app), URL, ["/"]).shown_to_all.values())
    # One that is busy may show it at another time.
    busy = {"/metrics": (503, {}, b""), "/server-status": (429, {}, b"")}
    assert page_guards(_client(**busy), URL, ["/"]).shown_to_all == {"profiles": False}


@pytest.mark.parametrize(
    ("answer", "leads"),
    [
        ((301, {"location": f"{URL}/"}, b""), True), ((308, {"location": f"{URL}/"}, b""), True),
        ((301, {"location": "/start"}, b""), False), ((200, {}, b"hello"), False),
        ((NodeFailure("no connection"), {}, b""), None), ((Unanswered("cut off"), {}, b""), None),
    ],
)  # fmt: skip
def test_plain_http_must_lead_to_https(answer: Any, leads: bool | None) -> None:
    client = _client(**{"http://wiki.lab.test/": answer})
    assert page_guards(client, URL, ["/"]).leads_to_https is leads


def test_an_app_that_cannot_be_reached_is_not_judged() -> None:
    with pytest.raises(NodeFailure):
        page_guards(_client(**{"/": (NodeFailure("no connection"), {}, b"")}), URL, ["/"])


def test_which_headers_guard() -> None:
    assert headers_in({"server": "nginx", "x-content-type-options": ""}) == set()
    assert headers_in({"strict-transport-security": "max-age=0"}) == set()
    assert headers_in({"strict-transport-security": "max-age=300"}) == {"strict-transport-security"}
    csp = {"content-security-policy": "default-src 'self'; frame-ancestors 'none'"}
    assert headers_in(csp) == {"content-security-policy", "x-frame-options"}
