"""A run with a companion: the app sends it mail, keywords read it, and nothing stays behind."""

import json
import re
import signal
from pathlib import Path

import pytest

from ccci.budget.places import Budget, default_slots
from ccci.node.state import state_dir
from ccci.teardown.journal import Journal
from tests.lab.forge_site import lab_up
from tests.lab.suite_runs import (
    SuiteRun,
    copied_project,
    leftovers_of,
    start_suite_of,
    wait_until_reaped,
)

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

# The server of custom-html has curl, which speaks SMTP.
SUITE = """\
*** Settings ***
Resource        custom-html/custom-html.resource
Resource        mail.resource
Suite Setup     Use The Head Deployment
Test Tags       functional


*** Test Cases ***
The Mail Of The App Is Read
    VAR    ${link}    <a href="https://a.test/in?token=abcdefghij0123456789">in</a>
    Send From The App    anna@example.org    Welcome    ${link}
    ${mail}=    The Mail To    anna@example.org    about=Welcome
    Should Be Equal    ${mail.subject}    Welcome
    Should Contain    ${mail.sender}    site@lab.test
    Link In Mail    ${mail}    /in?token
    Send From The App    anna@example.org    News    nothing new
    ${news}=    The Mail To    anna@example.org    after=${mail}
    Should Be Equal    ${news.html}    ${EMPTY}
    No Mail Should Come To    olga@example.org    before=${news}
    ${mails}=    Mails To    anna@example.org
    Length Should Be    ${mails}    2

A Mail That Does Not Come Fails The Test
    The Mail To    nobody@example.org    within=1 second

A Mail That Comes Fails The Test
    Send From The App    olga@example.org    Secret    text
    ${mail}=    The Mail To    olga@example.org
    No Mail Should Come To    olga@example.org    before=${mail}


*** Keywords ***
Send From The App
    [Arguments]    ${address}    ${subject}    ${body}
    ${app}=    The App
    ${server}=    The Mail Server
    VAR    ${kind}=    text/plain
    IF    '<' in $body    VAR    ${kind}=    text/html
    VAR    ${head}    From: <site@lab.test>\\r\\nTo: <${address}>\\r\\nContent-Type: ${kind}\\r\\n
    ${file}=    Text File    mail.eml    ${head}Subject: ${subject}\\r\\n\\r\\n${body}\\r\\n
    Abra    app    cp    ${app.domain}    ${file.path}    app:/tmp/    -o
    Abra    app    run    ${app.domain}    app    --    curl    -sS    --mail-from    site@lab.test
    ...    --url    smtp://${server.host}:${server.port}    --mail-rcpt    ${address}
    ...    --upload-file    /tmp/mail.eml
"""


@pytest.fixture(autouse=True, scope="module")
def _image() -> None:
    lab_up("--needed", "mail")


def started(folder: Path, *arguments: str) -> SuiteRun:
    """Start the suite of custom-html with the companion."""
    project = copied_project(folder)
    settings = project / "recipes" / "custom-html" / "recipe.toml"
    settings.write_text('companions = ["mail"]\n' + settings.read_text())
    (project / "suites" / "custom-html" / "2__functional.robot").write_text(SUITE)
    return start_suite_of(project, "custom-html", *arguments)


def test_an_app_sends_mail_and_keywords_read_it(tmp_path: Path) -> None:
    run = started(tmp_path, "--suite", "install", "--suite", "functional", "--suite", "teardown")
    run.wait_for_words("deploying mail-")
    holders = Budget(default_slots()).holders()
    run.finish(400)
    # The companion lives within the place of custom-html.
    held = [one.weight for one in holders if one.holds and one.who.endswith(run.run_id)]
    assert held == [1], holders
    said = run.output
    assert said.index("deploying mail-") < said.index("deploying custom-html-pr0-")
    found = run.results()
    assert found["stages"]["install"] == "passed", said
    assert re.search(r"^Everything Else On The Server Is Untouched +\| PASS", said, re.M), said
    assert found["tests"]["failed"] == 2, said
    failures = re.findall(r"Expected (?:a mail|no mail) to .*", said)
    assert any("nobody@example.org; last seen: none" in one for one in failures), said
    assert any("came: 'Secret'." in one for one in failures), said
    # What lets somebody in is in no log.
    log = (tmp_path / "output" / "output.xml").read_text()
    assert "a.test/in?token=" in log and "abcdefghij0123456789" not in log
    assert leftovers_of(run.stack, run.run_id) == []


@pytest.mark.parametrize("words", ["deploying mail-", "deploying custom-html-pr0-"])
def test_killed_it_leaves_nothing_of_its_companion(tmp_path: Path, words: str) -> None:
    run = started(tmp_path, "--suite", "install")
    run.wait_for_words(words)
    run.kill(signal.SIGKILL)
    assert run.finish() == -signal.SIGKILL
    wait_until_reaped(run.run_id, within_seconds=150)
    stacks = Journal.load(run.run_id).stacks()
    assert any(one.startswith("mail-") for one in stacks), stacks
    assert leftovers_of(run.stack, run.run_id) == []
    reaped = json.loads((state_dir() / "runs" / run.run_id / "reaped.json").read_text())
    assert any("mail-" in one for one in reaped["removed"]), reaped
