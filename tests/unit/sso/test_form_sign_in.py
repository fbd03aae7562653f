"""A sign-in without a browser: from the app to the provider's form and back."""

import urllib.parse
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure, RecipeFailure
from ccci.sso.form_sign_in import sign_in_by_form, sign_in_form
from ccci.web.callers import CookieSession
from ccci.web.http import Client, Response

APP, PROVIDER = "https://app.lab.test", "https://sso.lab.test"
PAGE = """
<form action="/language"><select name="locale"></select></form>
<form id="login" action="/in?step=2&amp;more=1" method="post">
  <input name="username" autofocus> <input type="email" name="other">
  <input type="password" name="password"> <input type="hidden" name="ticket" value="t1">
  <input type="checkbox" name="remember"> <input type="submit" name="go" value="Sign in">
</form>
"""


class Site:
    """App and provider: answers by method and address; what was sent is written down."""

    def __init__(self, answers: dict[str, tuple[int, str, str]]) -> None:
        self.answers, self.sent = answers, list[tuple[str, dict[str, str]]]()

    def request(
        self, method: str, url: str, headers: Any = None, body: bytes | None = None, **_: Any
    ) -> Response:
        self.sent.append((f"{method} {url}", dict(urllib.parse.parse_qsl((body or b"").decode()))))
        status, location, text = self.answers[f"{method} {url}"]
        told = {"location": location} if location else {"content-type": "text/html"}
        return Response(url, status, told, text.encode(), 0.1)


GOOD = {
    f"GET {APP}/login": (302, f"{PROVIDER}/auth", ""),
    f"GET {PROVIDER}/auth": (200, "", PAGE),
    f"POST {PROVIDER}/in?step=2&more=1": (302, f"{APP}/back?code=1", ""),
    f"GET {APP}/back?code=1": (302, f"{APP}/", ""),
}


def _sign_in(site: Site) -> CookieSession:
    http = cast(Client, site)
    return sign_in_by_form(http, f"{APP}/login", CookieSession("mona"), "mona", "her password")


def test_the_form_that_asks_for_a_password_is_found() -> None:
    form = sign_in_form(PAGE)
    assert form and (form.action, form.name_field) == ("/in?step=2&more=1", "username")
    assert form.fields == {"ticket": "t1"}
    assert sign_in_form("<form><input name='search'></form>") is None


def test_the_session_has_what_the_app_answered_to_who_came_back() -> None:
    site = Site(GOOD)
    session = _sign_in(site)
    assert session.answer and session.answer.url == f"{APP}/back?code=1"
    sent = {"ticket": "t1", "username": "mona", "password": "her password"}
    assert site.sent[2] == (f"POST {PROVIDER}/in?step=2&more=1", sent)


def test_an_app_that_leads_nowhere_has_failed() -> None:
    with pytest.raises(
        RecipeFailure, match=r"mona: expected the app to lead to its provider's form; .*Hi"
    ):
        _sign_in(Site({f"GET {APP}/login": (200, "", "<p>Hi</p>")}))


def test_a_form_of_the_apps_own_gets_no_password_of_the_provider() -> None:
    site = Site({f"GET {APP}/login": (200, "", PAGE)})
    with pytest.raises(RecipeFailure, match="expected the app to lead to its provider's form"):
        _sign_in(site)
    assert len(site.sent) == 1


def test_an_app_that_the_provider_does_not_know_has_failed() -> None:
    unknown = {**GOOD, f"GET {PROVIDER}/auth": (400, "", "<p>Client not found</p>")}
    with pytest.raises(RecipeFailure, match="Client not found"):
        _sign_in(Site(unknown))


def test_an_app_that_leads_in_a_circle_has_failed() -> None:
    with pytest.raises(RecipeFailure, match="is sent on and on"):
        _sign_in(Site({f"GET {APP}/login": (302, "/login", "")}))


@pytest.mark.parametrize("page", ["<p>Sorry</p>", PAGE], ids=["it shows an error", "it asks again"])
def test_a_provider_that_does_not_lead_back_says_nothing_of_the_app(page: str) -> None:
    refused = {**GOOD, f"POST {PROVIDER}/in?step=2&more=1": (200, "", page)}
    with pytest.raises(NodeFailure, match="expected the provider to sign the user in"):
        _sign_in(Site(refused))
