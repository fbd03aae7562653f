"""The words of api.resource as Robot Framework runs them: what tables write, what logs show."""

import html
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccci.project import PROJECT
from tests.unit.web.hostile_app import running as running_hostile
from tests.unit.web.small_app import App, running

# A run that is deployed, as far as these words look at it.
RUN = """\
from pathlib import Path
from types import SimpleNamespace

from ccci.apps import App
from ccci.bridge.session import session
from ccci.node.server import Server
from ccci.results.credentials import CredentialStore
from ccci.web.http import Client

HERE = Path(__file__).parent

def begin(server, url, deployed="head"):
    server = Server.model_validate_json(server)
    credentials = CredentialStore(HERE / "store" / "credentials.json")
    run = SimpleNamespace(
        target=SimpleNamespace(server=server, client=Client(server)), folder=HERE,
        record=SimpleNamespace(credentials=credentials),
        driver=SimpleNamespace(
            app=App("small", "app.lab.test", "small", url), require_limits=lambda: None
        ),
    )
    session.begun = SimpleNamespace(run=run, stages=SimpleNamespace(deployed=deployed))
"""
HEAD = """\
*** Settings ***
Resource    lifecycle.resource
Resource    api.resource
Library     run.py
Suite Setup    Begin    ${SERVER}    ${URL}
*** Test Cases ***
"""


@dataclass(frozen=True)
class Outcome:
    """What a suite left: its exit code, and its log as people read it."""

    code: int
    log: str


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture
def app(once: App) -> App:
    once.asked.clear()
    once.answers.clear()
    return once


def run(folder: Path, app: App, tests: str, **environment: str) -> Outcome:
    (folder / "run.py").write_text(RUN)
    (folder / "small.robot").write_text(HEAD + tests)
    paths = [PROJECT, PROJECT / "libraries", PROJECT / "resources"]
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--loglevel", "TRACE", "--log", "NONE", "--report", "NONE",
         "--outputdir", str(folder), "--variable", f"URL:{app.url}",
         "--variable", f"SERVER:{app.server.model_dump_json()}", str(folder / "small.robot")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, html.unescape((folder / "output.xml").read_text()))


def test_what_tables_write(app: App, tmp_path: Path) -> None:
    app.answer(200, {"posts": [{"title": "Hello"}]})
    done = run(
        tmp_path,
        app,
        """\
The Words Do What They Say
    ${ada}=    New Account    ada
    VAR    &{body}    name=${ada.name}    password=right    number=${20}    tags=${EMPTY}
    ${made}=    Call API    POST    /mirror    ${body}    by=${ada}    expect=201
    Should Be Equal    ${made.json.number}    ${20}
    ${read}=    Call API    get    /next    expect=200 or 404
    Should Be Equal    ${read.json.posts[0].title}    Hello
    Wait Until API Answers    GET    /next    field=posts.0.title    value=Hello    within=3 seconds
    VAR    &{query}    page=${2}
    ${numbers}=    Call API    GET    /numbers    query=${query}
    Should Be Equal    ${numbers.json.data.list[0].id}    ${4}
    @{all}=    Pages Of API    /numbers    items=data.list    page=page
    Length Should Be    ${all}    7
    ${fifth}=    Find In List    ${all}    id    5
    Should Be Equal    ${fifth.id}    ${5}
    List Should Not Have    ${all}    id    8
    ${file}=    Random File    some.bin    size=1000
    ${up}=    Upload File    POST    /mirror    ${file}    by=${ada}
    Bytes Should Be    ${up.body}    ${file.content}
    Should Be Equal    ${up.sha256}    ${file.sha256}
    VAR    &{fields}    title=A    count=${3}
    ${form}=    Upload File    POST    /mirror    ${file}    field=attachment    fields=${fields}
    Should Contain    ${form.text}    filename="some.bin"
    ${session}=    Sign In With Cookie    ${ada}    POST    /login    ${body}
    ${cookie}=    Cookie Of Answer    ${session.answer}    session
    Should Be True    ${cookie.secure} and ${cookie.http_only}
    Call API    GET    /echo    by=${session}
    Remember    text    ${made.text}
    Remember    bytes    ${file.content}
    ${text}=    Recall    text
    ${bytes}=    Recall    bytes
    Should Be Equal    ${text}    ${made.text}
    Bytes Should Be    ${bytes}    ${file.content}
    ${again}=    Account Made Before    ada
    Should Be Equal    ${again.password.value}    ${ada.password.value}
    ${impostor}=    With A Wrong Password    ${ada}
    Should Be Equal    ${impostor.name}    ada
    Should Not Be Equal    ${impostor.password.value}    ${ada.password.value}
    ${eve}=    Stranger    eve@example.org    password=${ada.password}
    Should Be Equal    ${eve.password.value}    ${ada.password.value}
    Eventually    Should Be Equal    a    a    within=2 seconds    holding=0 seconds
""",
    )
    assert done.code == 0, done.log


def test_failures_say_what_is_wrong(app: App, tmp_path: Path) -> None:
    app.answer(422, {"message": "no"})
    done = run(
        tmp_path,
        app,
        """\
The Words Fail With A Sentence
    ${ada}=    New Account    ada
    Run Keyword And Expect Error    ada: GET /next was answered 422, expected 200: {"message": *
    ...    Call API    GET    /next    by=${ada}
    Run Keyword And Expect Error    Incomplete: by='ada' is no caller: give an account*
    ...    Call API    GET    /next    by=ada
    Run Keyword And Expect Error    Incomplete: expect='any' is no status*
    ...    Call API    GET    /next    expect=any
    Run Keyword And Expect Error    Incomplete: This run made no account 'eve'; it made: ada.
    ...    Account Made Before    eve
    Run Keyword And Expect Error    *Nothing was remembered as 'seed' in this run, only: nothing.
    ...    Recall    seed
    Run Keyword And Expect Error    *'Should Be Equal' to pass for 0 s; last seen: *: a != b*
    ...    Eventually    Should Be Equal    a    b    within=0.3 seconds    holding=0 seconds
    # Nobody was reached: the last look decides.
    Run Keyword And Expect Error    Incomplete: Expected 'Call API' to pass*no connection*
    ...    Eventually    Call API    GET    https://app.lab.test:1/    within=0.3 seconds
    ${answer}=    Call API    GET    /next    expect=422
    Run Keyword And Expect Error    *expected a secret: nothing at 'token': no 'token' in an obj*
    ...    Secret Of Answer    ${answer}    token
    Run Keyword And Expect Error    Expected *next to set a cookie 'session'; it set: none.
    ...    Cookie Of Answer    ${answer}    session
    @{all}=    Pages Of API    /links
    Run Keyword And Expect Error    Expected one item with id '8', found 0 among 7: 1, 2, *, 7.
    ...    Find In List    ${all}    id    8
    Run Keyword And Expect Error    Expected no item with id '7'; there is one.
    ...    List Should Not Have    ${all}    id    ${7}
    Run Keyword And Expect Error    *there is no 'title' here, only: message*
    ...    Log    ${answer.json.title}
""",
    )
    assert done.code == 0, done.log


def test_no_log_shows_a_credential(app: App, tmp_path: Path) -> None:
    token = "a-token-that-the-app-made-up"
    app.answer(200, {"token": token}, Set_Cookie="session=a-session-of-somebody")
    done = run(
        tmp_path,
        app,
        """\
Nothing Is Shown
    ${ada}=    New Account    ada
    VAR    &{body}    password=${ada.password}
    VAR    @{list}    ${ada.password}
    VAR    &{deep}    setup=${list}    token=${ada.password}
    ${sent}=    Call API    POST    /mirror    ${deep}    by=${ada}    expect=201
    Log    ${sent.text}
    Should Be Equal    ${sent.json.setup[0]}    ${ada.password.value}
    VAR    &{headers}    X-Key=${ada.password}
    Call API    GET    /echo    headers=${headers}    query=${headers}
    ${answer}=    Call API    GET    /next
    ${token}=    Secret Of Answer    ${answer}    token
    ${bearer}=    Bearer    ${token}    name=anna
    Call API    GET    /echo    by=${bearer}
    ${bot}=    Header Token    X-Token    ${token}
    Call API    GET    /echo    by=${bot}
    VAR    &{right}    password=right
    ${session}=    Sign In With Cookie    ${ada}    POST    /login    ${right}
    Log    ${session.answer.headers}
    Log    ${answer.json}
    Run Keyword And Expect Error    *    Call API    GET    /next    by=${session}    expect=404
""",
    )
    assert done.code == 0, done.log
    password = next(
        asked.body.decode().split('"')[3] for asked in app.asked if asked.path == "/mirror"
    )
    assert len(password) == 24
    for value in (password, token, "the-value-of-a-session"):
        assert value not in done.log
    assert app.asked[-1].headers["cookie"].startswith("session=")


def test_requests_library_reaches_the_app_and_shows_no_credential(app: App, tmp_path: Path) -> None:
    token = "a-token-that-nobody-knows"
    app.answer(200, {"token": token}, Set_Cookie=f"session={token}")
    tests = f"""\
Its Own Keywords Work
    VAR    &{{headers}}    Authorization=Bearer x
    ${{answer}}=    GET On Session    app    url=/next?key={token}    headers=${{headers}}
    Should Be Equal    ${{answer.status_code}}    ${{200}}
    ${{json}}=    POST On Session    app    url=/mirror    json=${{headers}}    expected_status=201
    Should Be Equal    ${{json.json()}}[Authorization]    Bearer x
    Run Keyword And Expect Error    HTTPError: 404*    GET On Session    app    /nowhere
"""
    done = run(tmp_path, app, tests, REQUESTS_CA_BUNDLE="/nowhere/that-would-beat-it.pem")
    assert done.code == 0, done.log
    assert "Response : url=https://app.lab.test" in done.log
    assert "(headers and body are not logged)" in done.log
    # The argument itself is the author's own text; what came back is not.
    assert f'"token": "{token}"' not in done.log and f"session={token}" not in done.log
    assert "'Authorization'" not in done.log.partition("Request :")[2].partition("</msg>")[0]


def test_requests_library_has_no_session_before_a_deployment(app: App, tmp_path: Path) -> None:
    done = run(
        tmp_path,
        app,
        """\
There Is No App Yet
    Begin    ${SERVER}    ${URL}    deployed=${EMPTY}
    Run Keyword And Expect Error    *Non-existing index or alias 'app'*
    ...    GET On Session    app    /echo
    Begin    ${SERVER}    ${URL}    deployed=previous
    GET On Session    app    /echo
""",
    )
    assert done.code == 0, done.log


def test_every_session_of_requests_library_has_limits(tmp_path: Path) -> None:
    tests = """\
Its Own Keywords Are Limited
    Run Keyword And Expect Error    *at most 16,777,216 bytes*    GET On Session    app    /bomb
    Run Keyword And Expect Error    *at most 16,777,216 bytes*    GET    ${URL}/bomb
    Create Session    own    ${URL}    verify=${True}
    Run Keyword And Expect Error    *at most 16,777,216 bytes*    GET On Session    own    /bomb
    GET On Session    app    /good
"""
    with running_hostile(tmp_path) as app:
        bundle = str(app.server.ca_bundle)
        done = run(tmp_path, App(app.url, app.server), tests, REQUESTS_CA_BUNDLE=bundle)
    assert done.code == 0, done.log


def test_a_long_text_is_not_logged_whole(app: App, tmp_path: Path) -> None:
    app.answer(200, "x" * 300_000)
    done = run(
        tmp_path,
        app,
        """\
A Long Text Is Logged
    ${answer}=    Call API    GET    /next
    Log    ${answer.text}
""",
    )
    assert done.code == 0, done.log
    assert "(200,000 more characters are not shown)" in done.log
    assert len(done.log) < 250_000


def test_the_shared_checks_can_fail(app: App, tmp_path: Path) -> None:
    app.answers += [(200, text, {}) for text in ("old", "old", "new", "here")]
    done = run(
        tmp_path,
        app,
        """\
What Is Served
    Remember What Is Served    /next
    What Is Served Should Be The Same    /next
    Run Keyword And Expect Error    *They differ first at byte 0*
    ...    What Is Served Should Be The Same    /next
    Nothing Should Be Served    /nowhere    /nothing
    Run Keyword And Expect Error    *GET /next was answered 200, expected 404*
    ...    Nothing Should Be Served    /nowhere    /next

Who Is Let In
    ${ada}=    New Account    ada
    Run Keyword And Expect Error    ada: GET /echo was answered 200, expected 401*
    ...    Only The Right Password Should Open    /echo    ${ada}
    Run Keyword And Expect Error    ada: GET /nowhere was answered 404, expected 200*
    ...    Only The Right Password Should Open    /nowhere    ${ada}
    VAR    &{body}    password=right
    ${session}=    Sign In With Cookie    ${ada}    POST    /login    ${body}
    Run Keyword And Expect Error    The cookie csrf of * is not for HTTPS only*
    ...    The Cookies Should Be For HTTPS Only    ${session}
    ${copy}=    Copy Of Session    ${session}
    Call API    GET    /logout    by=${copy}    expect=204
    ${echo}=    Call API    GET    /echo    by=${copy}
    Should Not Contain    ${echo.json.headers.cookie}    session
    ${echo}=    Call API    GET    /echo    by=${session}
    Should Contain    ${echo.json.headers.cookie}    session
""",
    )
    assert done.code == 0, done.log
