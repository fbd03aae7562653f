"""Mail is found by its address and subject, and its links are read; silence is somebody's fault."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.web.api import Api
from ccci.web.http import Client
from ccci.web.mail import MailServer, ReceivedMail
from tests.unit.web.small_app import App, running

ANNA, OLGA = "anna+news@example.org", "olga@example.org"
TOKEN = "MTIzNDU2Nzg5MGFiY2RlZg=="


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(tmp_path_factory.mktemp("mail")) as app:
        yield app


@pytest.fixture
def app(once: App) -> App:
    once.mails.clear()
    return once


@pytest.fixture
def server(app: App) -> MailServer:
    return MailServer(Api(Client(app.server), app.url, "lab.test"))


def send(app: App, address: str, subject: str, text: str = "", html: str = "") -> None:
    mails = app.mails.setdefault(address, [])
    mail: dict[str, Any] = {"id": str(len(mails) + 1), "subject": subject, "to": [address]}
    mails.append({**mail, "from": "Blog <blog@lab.test>", "body": {"text": text, "html": html}})


def mail_of(text: str = "", html: str = "") -> ReceivedMail:
    return ReceivedMail(ANNA, "1", "blog@lab.test", (ANNA,), "Welcome", text, html)


def test_the_newest_is_returned_with_all_that_it_has(app: App, server: MailServer) -> None:
    send(app, ANNA, "Welcome")
    send(app, ANNA, "Confirm", "a text", "<p>a page</p>")
    mail = server.newest(ANNA, "", None, 5)
    assert (mail.subject, mail.text, mail.html) == ("Confirm", "a text", "<p>a page</p>")
    assert mail.sender == "Blog <blog@lab.test>" and mail.recipients == (ANNA,)


def test_only_those_about_something_and_after_another_count(app: App, server: MailServer) -> None:
    send(app, ANNA, "Confirm once")
    send(app, ANNA, "News")
    first = server.newest(ANNA, "Confirm", None, 5)
    assert first.subject == "Confirm once"
    with pytest.raises(RecipeFailure, match=r"with 'Confirm' in its subject after 'Confirm once'"):
        server.newest(ANNA, "Confirm", first, 0.1)
    send(app, ANNA, "Confirm twice")
    assert server.newest(ANNA, "Confirm", first, 5).subject == "Confirm twice"
    assert [one.subject for one in server.mails_to(ANNA, after=first)] == ["News", "Confirm twice"]
    every = [one.subject for one in server.mails_to(ANNA, "Confirm")]
    assert every == ["Confirm once", "Confirm twice"]


def test_after_is_a_mail_to_the_same_address(app: App, server: MailServer) -> None:
    send(app, OLGA, "Welcome")
    with pytest.raises(Misuse, match=rf"after= is a mail to {OLGA}, not to anna"):
        server.mails_to(ANNA, after=server.newest(OLGA, "", None, 5))


def test_one_that_comes_later_is_waited_for(app: App, server: MailServer) -> None:
    late = threading.Timer(0.5, send, (app, ANNA, "Late"))
    late.start()
    assert server.newest(ANNA, "", None, 10).subject == "Late"
    late.join()


def test_silence_is_the_recipes_fault_and_says_what_came_instead(
    app: App, server: MailServer
) -> None:
    with pytest.raises(RecipeFailure, match=r"Expected a mail to .* came: nothing\."):
        server.newest(ANNA, "", None, 0.1)
    send(app, ANNA, "News")
    with pytest.raises(RecipeFailure, match=r"came: 'News'\."):
        server.newest(ANNA, "Confirm", None, 0.1)


def test_a_mail_server_that_is_gone_says_nothing_of_the_recipe(app: App) -> None:
    elsewhere = MailServer(Api(Client(app.server), f"{app.url}/elsewhere", "lab.test"))
    told = "companion 'mail' does not show what it has: .* was answered 404"
    for asked in (
        lambda: elsewhere.newest(ANNA, "", None, 0.1),
        lambda: elsewhere.mails_to(ANNA),
        lambda: elsewhere.require_none(ANNA),
    ):
        with pytest.raises(NodeFailure, match=told):
            asked()
    nobody = MailServer(Api(Client(app.server), "https://localhost:1", "localhost"))
    with pytest.raises(NodeFailure, match="companion 'mail' does not show what it has"):
        nobody.newest(ANNA, "", None, 0.1)


def test_no_mail_is_no_mail(app: App, server: MailServer) -> None:
    server.require_none(OLGA)
    send(app, OLGA, "Your new password")
    server.require_none(OLGA, "Confirm")
    with pytest.raises(RecipeFailure, match=rf"no mail to {OLGA}; came: 'Your new password'"):
        server.require_none(OLGA)


def test_links_are_those_of_the_page_and_of_the_text() -> None:
    html = (
        '<p><A HREF="https://a.test/in?a=1&amp;b=2">in</a> <a name="x">no</a>'
        "<a href='https://b.test/'>b</a> <img src='https://c.test/x.png'></p>"
    )
    text = "Go to https://b.test/ or <https://d.test/new/>, (https://e.test/x?y=z)."
    assert mail_of(text, html).links == (
        "https://a.test/in?a=1&b=2", "https://b.test/", "https://d.test/new/",
        "https://e.test/x?y=z",
    )  # fmt: skip
    assert mail_of().links == ()


def test_one_link_is_asked_for_by_a_part_of_it() -> None:
    mail = mail_of("https://a.test/confirm/1 https://a.test/help https://a.test/help/more")
    assert mail.link("/confirm") == "https://a.test/confirm/1"
    with pytest.raises(RecipeFailure, match=r"found 2; its links: https://a\.test/confirm/1, "):
        mail.link("/help")
    with pytest.raises(RecipeFailure, match="found 0"):
        mail.link("/other")


def test_one_code_is_asked_for_by_its_form() -> None:
    mail = mail_of("Your code is ABCDE-23456. Again: ABCDE-23456. Call 555.")
    assert mail.code("[A-Z2-7]{5}-[A-Z2-7]{5}") == "ABCDE-23456"
    with pytest.raises(RecipeFailure, match=r"in the mail '.*found 3\."):
        mail.code("[A-Z0-9]{3,}")
    with pytest.raises(RecipeFailure, match="found 0"):
        mail.code(r"\d{9}")


@pytest.mark.parametrize(
    ("link", "tokens"),
    [
        (f"https://a.test/reset/{TOKEN}/", (TOKEN,)),
        ("https://a.test/members/?token=abcdefghij0123456789&action=signin", ("abcdefghij01234",)),
        ("https://a.test/#access=abcdefghij0123456789", ("abcdefghij0123456789",)),
        ("https://a.test/?abcdefghij0123456789", ("abcdefghij0123456789",)),
        ("https://a.test/a-long-title-of-some-post/", ()),
        ("https://a.test/2026/10/?r=https%3A%2F%2Fa.test%2F2026%2Fsome-page", ()),
        ("https://a-name-of-more-than-20-characters.lab.test/", ()),
    ],
)
def test_what_lets_somebody_in_is_a_token(link: str, tokens: tuple[str, ...]) -> None:
    found = mail_of(link).tokens
    assert len(found) == len(tokens)
    assert all(one.startswith(token) for one, token in zip(found, tokens, strict=True))
