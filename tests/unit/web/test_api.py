"""Calls of an API, over TLS: what is sent, and the sentence of each failure."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requests.cookies import RequestsCookieJar

from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.node.names import use_names
from ccci.web.accounts import Account
from ccci.web.api import Api, Wanted, statuses_in, values_in
from ccci.web.call import FORM, Call, body_of, multipart_of
from ccci.web.callers import Anonymous, CookieSession, HeaderToken, bearer
from ccci.web.http import Client
from ccci.web.pages import all_items, paging_of
from tests.unit.web.small_app import ITEMS, App, running

ANNA = Account("anna", "the-password-of-anna")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture
def app(once: App) -> Iterator[App]:
    once.asked.clear()
    once.answers.clear()
    yield once
    use_names({})


@pytest.fixture
def api(app: App) -> Api:
    return Api(Client(app.server), app.url, "lab.test")


def test_what_is_asked_is_what_comes_in(api: Api, app: App) -> None:
    body = body_of({"name": "notes", "tags": ["a", 1, True, None]})
    answer = api.call(Call("POST", "/mirror", ANNA, body, {"X-Own": "1"}), Wanted((201,)))
    assert answer.json == {"name": "notes", "tags": ["a", 1, True, None]}
    assert answer.json.tags[1] == 1
    assert (answer.content_type, answer.size) == ("application/json", len(answer.body))
    assert app.asked[0].headers["x-own"] == "1"
    assert app.asked[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("content", "content_type", "sent", "as_what"),
    [
        ("a text", "", b"a text", "text/plain; charset=utf-8"),
        (b"\x00\xff", "", b"\x00\xff", "application/octet-stream"),
        ([1, "b"], "", b'[1, "b"]', "application/json"),
        ({"a": "1 2", "b": ["x", "y"]}, FORM, b"a=1+2&b=x&b=y", FORM),
        ("<a/>", "text/xml", b"<a/>", "text/xml"),
    ],
)
def test_a_body_is_sent_as_its_kind_says(
    api: Api, content: object, content_type: str, sent: bytes, as_what: str
) -> None:
    body = body_of(content, content_type)
    answer = api.call(Call("PUT", "/mirror", body=body), Wanted((201,)))
    assert (answer.body, answer.headers["content-type"]) == (sent, as_what)


def test_a_body_that_json_cannot_say_is_the_callers_fault() -> None:
    with pytest.raises(Misuse, match=r"cannot be sent as JSON: .*object is not JSON serializable"):
        body_of({"a": object()})


def test_an_own_content_type_wins(api: Api, app: App) -> None:
    call = Call("POST", "/mirror", body=body_of({"a": 1}), headers={"content-type": "text/x"})
    assert api.call(call, Wanted((201,))).content_type == "text/x"


def test_another_status_is_one_sentence(api: Api, app: App) -> None:
    app.answer(422, {"errors": [{"message": "Validation error"}]})
    call = Call("POST", "/next?key=hidden", ANNA, body_of({}))
    with pytest.raises(RecipeFailure) as failed:
        api.call(call, Wanted((201,)))
    first, second = str(failed.value).splitlines()
    assert first == (
        'anna: POST /next was answered 422, expected 201: {"errors": [{"message": "Validation '
        'error"}]}'
    )
    assert second.startswith("Look at the log of the app's services")


def test_an_answer_of_the_proxy_leads_to_its_labels(api: Api, app: App) -> None:
    for status, body in ((502, "Bad Gateway"), (404, "404 page not found")):
        app.answers.clear()
        app.answer(status, body)
        with pytest.raises(RecipeFailure, match=r"(?s)anonymous: GET /next .*the router's labels"):
            api.call(Call("GET", "/next"), Wanted())


def test_tokens_in_a_refusal_are_not_shown(api: Api, app: App) -> None:
    app.answer(200, {"access_token": "a-token-that-nobody-knows", "name": "ada"})
    with pytest.raises(RecipeFailure) as failed:
        api.call(Call("GET", "/next"), Wanted((201,)))
    assert '{"access_token": "<secret>", "name": "ada"}' in str(failed.value)


def test_of_a_page_its_text_is_shown(api: Api, app: App) -> None:
    style = "<style>a > b { }</style><script>if (1 < 2) {}</script>"
    page = f"<!doctype html><head>{style}<title>Server Error</title></head><p class='a'>Sorry</p>"
    app.answer(500, page, Content_Type="text/html; charset=utf-8")
    with pytest.raises(RecipeFailure, match="answered 500, expected 200: Server Error Sorry\n"):
        api.call(Call("GET", "/next"), Wanted())


def test_an_empty_refusal_says_so(api: Api, app: App) -> None:
    app.answer(204)
    with pytest.raises(RecipeFailure, match="204, expected 200 or 404, with an empty body"):
        api.call(Call("GET", "/next"), Wanted((200, 404)))


def test_an_answer_shows_neither_body_nor_headers(api: Api, app: App) -> None:
    app.answer(200, {"token": "a-token"}, Set_Cookie="session=a-session")
    answer = api.call(Call("GET", "/next?key=a-key"), Wanted())
    assert repr(answer) == f"<200 from {app.url}/next>"
    assert "a-session" not in repr(answer.cookies)


def test_what_is_no_json_says_what_it_is(api: Api, app: App) -> None:
    app.answer(200, "<h1>Hello</h1>", Content_Type="text/html; charset=utf-8")
    answer = api.call(Call("GET", "/next"), Wanted())
    with pytest.raises(RecipeFailure, match="answered 200 with text/html, expected JSON: Hello"):
        _ = answer.json


def test_json_is_read_by_dots_at_any_depth(api: Api, app: App) -> None:
    app.answer(200, {"items": [{"keys": {"get": "it"}}], "copy": 1})
    seen = api.call(Call("GET", "/next"), Wanted()).json
    assert seen.items[0].keys.get == "it"
    assert seen.copy == 1
    with pytest.raises(AttributeError, match="there is no 'title' here, only: items, copy"):
        _ = seen.title
    # What was read can be sent again, although `items` is no method of it.
    body = body_of(seen)
    assert body is not None and body.content == b'{"items": [{"keys": {"get": "it"}}], "copy": 1}'


def test_a_redirect_is_read_and_not_followed(api: Api, app: App) -> None:
    app.answer(307, "", Location="/there?client_id=wiki&redirect_uri=https%3A%2F%2Fa%2Fback")
    answer = api.call(Call("GET", "/next"), Wanted((307,)))
    assert answer.location.page == f"{app.url}/there"
    assert answer.location.query.client_id == "wiki"
    assert answer.location.query.redirect_uri == "https://a/back"
    app.answers.clear()
    app.answer(200)
    with pytest.raises(RecipeFailure, match="was answered 200 without a Location"):
        _ = api.call(Call("GET", "/next"), Wanted()).location


def test_who_asks_is_said_by_headers(api: Api) -> None:
    def seen(by: object) -> dict[str, str]:
        call = Call("GET", "/echo", by)  # type: ignore[arg-type]
        return dict(api.call(call, Wanted()).json.headers)

    assert "authorization" not in seen(Anonymous())
    assert seen(bearer("anna", "t"))["authorization"] == "Bearer t"
    assert seen(HeaderToken("bot", "X-API-KEY", "k"))["x-api-key"] == "k"
    for by in (ANNA, bearer("anna", "secret-t"), HeaderToken("bot", "X-API-KEY", "secret-k")):
        assert "secret-" not in repr(by) and "the-password" not in repr(by)


def test_a_query_is_added_to_that_of_the_path(api: Api) -> None:
    call = Call("GET", "/echo?a=1", query={"filter": '{"b": 2}'})
    assert api.call(call, Wanted()).json.query == {"a": "1", "filter": '{"b": 2}'}


def test_addresses_of_other_servers_are_not_called(api: Api, app: App) -> None:
    for address in ("https://example.org/x", "http://localhost:3000/x", "https://evil-lab.test/x"):
        with pytest.raises(RecipeFailure, match=r"the address is not below lab\.test"):
            api.call(Call("GET", address), Wanted())
    other = app.url.replace("app.lab.test", "other.lab.test")
    assert api.call(Call("GET", f"{other}/echo"), Wanted()).status == 200


def test_a_certificate_that_is_not_trusted_is_the_recipes_fault(app: App, tmp_path: Path) -> None:
    strict = app.server.model_copy(update={"ca_bundle": None})
    with pytest.raises(RecipeFailure, match="the certificate is not trusted"):
        Api(Client(strict), app.url, "lab.test").call(Call("GET", "/echo"), Wanted())


def test_no_answer_says_nothing_of_the_recipe(app: App) -> None:
    api = Api(Client(app.server), "https://app.lab.test:1", "lab.test")
    with pytest.raises(NodeFailure, match="no connection"):
        api.call(Call("GET", "/echo"), Wanted())
    with pytest.raises(NodeFailure, match=r"was last https://.*no connection.*expected 200"):
        api.wait(Call("GET", "/echo"), Wanted(), 0.3)


def test_a_wait_ends_with_the_state_that_was_wanted(api: Api, app: App) -> None:
    app.answer(404, "not yet")
    app.answer(200, {"job": {"status": "running"}})
    app.answer(200, {"job": {"status": "success"}})
    wanted = Wanted((200,), "job.status", values_in("success or error"))
    assert api.wait(Call("GET", "/next"), wanted, 5).json.job.status == "success"


def test_a_wait_says_what_it_saw_last(api: Api, app: App) -> None:
    app.answer(200, {"jobs": [{"status": "running"}]})
    call = Call("GET", "/next", ANNA)
    wanted = Wanted((200,), "jobs.0.status", ("success", "error"))
    with pytest.raises(RecipeFailure) as failed:
        api.wait(call, wanted, 0.3)
    said = str(failed.value)
    assert said.startswith("anna: GET /next was last answered 200 with jobs.0.status running after")
    assert " s, expected 200 with jobs.0.status success or error: {" in said
    with pytest.raises(RecipeFailure, match=r"answered 200 without jobs.1 after .* with jobs.1: "):
        api.wait(call, Wanted((200,), "jobs.1"), 0.3)


def test_a_wait_is_over_when_something_else_has_failed(api: Api, app: App) -> None:
    app.answer(502, "away")

    def crash_loop() -> None:
        raise RecipeFailure("Service app crash-loops")

    with pytest.raises(RecipeFailure, match=r"^Service app crash-loops$"):
        api.wait(Call("GET", "/next"), Wanted((200,)), 60, meanwhile=crash_loop)


@pytest.mark.parametrize(
    ("value", "content"), [(True, True), ("true", True), (3, 3), ("3", 3), ("3", "3")]
)
def test_a_value_is_compared_as_json_writes_it(value: object, content: object) -> None:
    assert Wanted((200,), "a", values_in(value)).values == (str(content).lower(),)


def test_a_field_that_is_null_is_not_there_yet(api: Api, app: App) -> None:
    app.answer(200, {"ended": None})
    app.answer(200, {"ended": "2026"})
    assert api.wait(Call("GET", "/next"), Wanted((200,), "ended"), 5).json.ended == "2026"


def test_a_state_that_falls_back_was_not_reached(api: Api, app: App) -> None:
    app.answer(200)
    app.answer(503)
    with pytest.raises(RecipeFailure, match=r"last answered 503 .*expected 200, for 0.5 s"):
        api.wait(Call("GET", "/next"), Wanted(), 1, holding_seconds=0.5)


def test_an_expectation_is_one_status_or_several() -> None:
    assert statuses_in("200 or 404") == (200, 404)
    assert statuses_in(201) == (201,)
    for wrong in ("any", "200, 404", "20", "2000"):
        with pytest.raises(Misuse, match="is no status: write 200"):
            statuses_in(wrong)


def test_a_file_goes_up_in_a_form_and_alone(api: Api, app: App) -> None:
    content = bytes(range(256))
    form = multipart_of("attachment", "a.bin", content, "image/png", {"title": "A"})
    answer = api.call(Call("POST", "/mirror", body=form), Wanted((201,)))
    assert answer.content_type == "multipart/form-data"
    for part in (b'name="title"\r\n\r\nA', b'filename="a.bin"', b"image/png", content):
        assert part in answer.body


def test_a_download_is_led_on_without_telling_who_asks(api: Api, app: App) -> None:
    app.answer(200, b"\x00\x01bytes")
    seen = api.download(Call("GET", "/moved?to=/next", ANNA), Wanted())
    assert seen.body == b"\x00\x01bytes"
    assert seen.sha256 == hashlib.sha256(b"\x00\x01bytes").hexdigest()
    assert "authorization" in app.asked[-1].headers
    store = app.url.replace("app.lab.test", "store.lab.test")
    call = Call("GET", f"/moved?to={store}/next", HeaderToken("bot", "X-API-KEY", "k"))
    api.download(call, Wanted())
    assert "x-api-key" not in app.asked[-1].headers
    with pytest.raises(RecipeFailure, match="was answered 302, expected 200"):
        api.download(Call("GET", "/moved"), Wanted())


@pytest.mark.parametrize(
    ("path", "items", "names"),
    [
        ("/links", "", ("", "", "", "")),
        ("/numbers", "data.list", ("page", "", "", "")),
        ("/offsets", "", ("", "skip", "", "")),
        ("/cursors", "data", ("", "", "after", "meta.next")),
    ],
)
def test_all_pages_are_read(
    api: Api, path: str, items: str, names: tuple[str, str, str, str]
) -> None:
    paging = paging_of(*names, 1)
    found = all_items(api, Call("GET", path), Wanted(), items, paging)
    assert found == ITEMS and found[6].id == 7


def test_pages_that_never_end_are_noticed(
    api: Api, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_page = paging_of("page", "", "", "", 1)
    with pytest.raises(RecipeFailure, match=r"same page twice \(3 items\)"):
        all_items(api, Call("GET", "/deaf"), Wanted(), "", by_page)
    with pytest.raises(RecipeFailure, match=r"expected a list: nothing at 'data.rows': no 'rows'"):
        all_items(api, Call("GET", "/numbers"), Wanted(), "data.rows", by_page)
    with pytest.raises(RecipeFailure, match="expected a list at 'data'; got"):
        all_items(api, Call("GET", "/numbers"), Wanted(), "data", by_page)
    for limit in ("MOST_BYTES", "WITHIN_SECONDS"):
        with monkeypatch.context() as small:
            small.setattr(f"ccci.web.pages.{limit}", -1)
            with pytest.raises(RecipeFailure, match="expected the whole list"):
                all_items(
                    api, Call("GET", "/offsets"), Wanted(), "", paging_of("", "skip", "", "", 1)
                )
    monkeypatch.setattr("ccci.web.pages.MOST_PAGES", 2)
    with pytest.raises(RecipeFailure, match="there are more than 2 pages"):
        all_items(api, Call("GET", "/offsets"), Wanted(), "", paging_of("", "skip", "", "", 1))


def test_a_way_of_paging_is_one() -> None:
    with pytest.raises(Misuse, match="Give one of"):
        paging_of("page", "skip", "", "", 1)
    with pytest.raises(Misuse, match="together: the parameter"):
        paging_of("", "", "after", "", 1)


def signed_in(api: Api, password: str = "right", **more: Any) -> CookieSession:
    call = Call("POST", "/login", body=body_of({"password": password}))
    session = CookieSession("ada", RequestsCookieJar(), {"browser-id": "1"}, **more)
    return api.sign_in(call, session, Wanted(), "", 5)


def test_a_session_goes_along_and_belongs_to_nobody_else(api: Api, app: App) -> None:
    ada = signed_in(api, csrf_header="X-CSRF", csrf_cookie="csrf")
    api.call(Call("GET", "/echo", ada), Wanted())
    read = app.asked[-1].headers
    assert "session=the-value-of-a-session" in read["cookie"] and "x-csrf" not in read
    api.call(Call("POST", "/echo", ada), Wanted())
    changed = app.asked[-1].headers
    assert (changed["x-csrf"], changed["origin"]) == ("abc=1", app.url)
    assert changed["browser-id"] == "1"
    api.call(Call("GET", "/echo"), Wanted())
    assert "cookie" not in app.asked[-1].headers
    assert "the-value-of-a-session" not in repr(ada)
    api.call(Call("POST", "/logout", ada), Wanted((204,)))
    api.call(Call("GET", "/echo", ada), Wanted())
    assert "the-value-of-a-session" not in app.asked[-1].headers["cookie"]


def test_a_cookie_says_where_it_may_go(api: Api) -> None:
    answer = signed_in(api).answer
    assert answer is not None
    facts = {one.name: (one.secure, one.http_only) for one in answer.cookies}
    assert facts == {"session": (True, True), "csrf": (False, False)}


def test_a_token_against_forgery_may_be_wanted_at_the_sign_in(api: Api, app: App) -> None:
    call = Call("POST", "/login", body=body_of({"password": "right"}))
    session = CookieSession("ada", csrf_header="X-CSRF", csrf_cookie="csrf")
    api.sign_in(call, session, Wanted(), "/form", 5)
    assert app.asked[-1].headers["x-csrf"] == "of-the-form"


def test_a_sign_in_that_fails_says_why(api: Api, app: App) -> None:
    with pytest.raises(RecipeFailure, match=r'ada: POST /login .* 401, expected 200: \{"mess'):
        signed_in(api, password="wrong")
    app.answer(200, "welcome")
    with pytest.raises(RecipeFailure, match="ada: POST /next was answered 200, but set no cookie"):
        api.sign_in(Call("POST", "/next"), CookieSession("ada"), Wanted(), "", 5)
    ada = signed_in(api, csrf_header="X-CSRF", csrf_cookie="xsrf")
    with pytest.raises(RecipeFailure, match="a cookie 'xsrf' with the CSRF token; the app set: "):
        api.call(Call("POST", "/echo", ada), Wanted())


def test_an_app_that_is_asked_too_often_is_asked_again(api: Api, app: App) -> None:
    app.answer(429, "slow down")
    app.answer(200, "welcome", Set_Cookie="session=1")
    call, nobody = Call("POST", "/next"), CookieSession("ada")
    assert api.sign_in(call, nobody, Wanted(), "", 10).cookies.get_dict() == {"session": "1"}
    app.answers.clear()
    app.answer(429, "slow down")
    with pytest.raises(RecipeFailure, match=r"answered 429 \(too many requests\) for .*slow down"):
        api.sign_in(call, nobody, Wanted(), "", 0.5)
