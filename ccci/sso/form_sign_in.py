"""Sign-in at a provider as a browser does it, where the provider's page is an HTML form."""

import urllib.parse
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from ccci.errors import NodeFailure, RecipeFailure
from ccci.web.call import FORM, body_of
from ccci.web.callers import CookieSession
from ccci.web.http import Client, Response, start_of

# More than any sign-in takes; who is sent on further goes in a circle.
_MOST_PAGES = 15


@dataclass
class Form:
    """A form of a page: where it is sent, and the values of its fields by name."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    name_field: str = ""
    password_field: str = ""


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.found.append(Form(has.get("action", "")))
        elif tag == "input" and self.found and has.get("name"):
            form, kind = self.found[-1], has.get("type", "text")
            if kind == "password":
                form.password_field = has["name"]
            elif kind in ("text", "email"):
                form.name_field = form.name_field or has["name"]
            elif kind == "hidden":
                form.fields[has["name"]] = has.get("value", "")


def sign_in_form(page: str) -> Form | None:
    """Return the form of a page that asks for a name and a password; None if there is none.

    Example:
        >>> page = '<form action="/in"><input name="who"><input name="pw" type="password"></form>'
        >>> sign_in_form(page).action
        '/in'
    """
    forms = _Forms()
    forms.feed(page)
    return next((one for one in forms.found if one.name_field and one.password_field), None)


def sign_in_by_form(
    http: Client, start: str, session: CookieSession, username: str, password: str
) -> CookieSession:
    """Go from a page of an app to its provider, fill in the form there, and come back.

    Args:
        http: a client that trusts both.
        start: the address at the app that begins a sign-in.
        session: an empty one; it gets the cookies of app and provider.
        username: at the provider.
        password: at the provider.

    Returns:
        The session, with the answer to the address at the app to which the provider led.

    Raises:
        RecipeFailure: the app does not lead to the provider's form, or leads in a circle.
        NodeFailure: the provider asks again, or does not lead back.
    """
    app = urllib.parse.urlsplit(start).netloc
    answer, filled = http.request("GET", start, cookies=session.jar), False
    for _ in range(_MOST_PAGES):
        here = urllib.parse.urlsplit(answer.url).netloc
        if filled and here == app:
            return replace(session, answer=answer)
        if place := answer.headers.get("location", ""):
            url = urllib.parse.urljoin(answer.url, place)
            answer = http.request("GET", url, cookies=session.jar)
            continue
        form = sign_in_form(answer.text)
        # A form of the app's own must never get a password of the provider's.
        if form is None or filled or here == app:
            raise _lost(session.name, answer, filled)
        answer, filled = _sent(http, form, answer, session, username, password), True
    raise RecipeFailure(f"{session.name}: the sign-in at {start} is sent on and on; last: {answer}")


def _sent(
    http: Client,
    form: Form,
    page: Response,
    session: CookieSession,
    username: str,
    password: str,
) -> Response:
    content = {**form.fields, form.name_field: username, form.password_field: password}
    body = body_of(content, FORM)
    assert body is not None
    url = urllib.parse.urljoin(page.url, form.action)
    headers = {"Content-Type": FORM}
    return http.request("POST", url, headers, body.content, cookies=session.jar)


def _lost(name: str, answer: Response, filled: bool) -> RecipeFailure | NodeFailure:
    if not filled:
        place = answer.url.partition("?")[0]
        return RecipeFailure(
            f"{name}: expected the app to lead to its provider's form; {place} answered "
            f"{answer.status}{start_of(answer)}"
        )
    return NodeFailure(
        f"{name}: expected the provider to sign the user in and to lead back; it answered "
        f"{answer.status}{start_of(answer)}"
    )
