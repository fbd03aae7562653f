"""What an app says does not decide whose fault a failure is."""

from pathlib import Path

import pytest
from robot.api import TestSuite as Suite

from ccci.bridge import origins
from ccci.bridge.verdicts import stage_verdicts

LIBRARY = '''\
"""An app whose texts a pull request decides, and a node that is full."""

from ccci.bridge.failures import project_keyword
from ccci.bridge.listening import Listener
from ccci.errors import NodeFailure


class WithoutTheLastTest(Listener):
    """The listener of a run, without an app that could be up."""

    def start_suite(self, *_: object) -> None:
        """Add no test."""


class Words:
    """Words of the test."""

    ROBOT_LIBRARY_LISTENER = WithoutTheLastTest()

    @project_keyword()
    def need_room(self) -> None:
        """Find no room."""
        raise NodeFailure("The node is full.")

    @project_keyword()
    def need_much(self) -> None:
        """Fail with a message that Robot cuts, and that has a character that XML has not."""
        raise NodeFailure("The node \\x1b[1m is full: " + "x" * 5000 + "\\n" + "y\\n" * 100)

    @project_keyword()
    def the_title(self) -> str:
        """Return what the app says."""
        return {title!r}
'''
SUITE = """\
*** Settings ***
Library    {library}

*** Test Cases ***
A Title Is Kept
    {step}
    ${{title}}=    The Title
    Should Be Equal    ${{title}}    Hello
"""
ENDED = "Test execution stopped due to a fatal error."


def verdict_of(folder: Path, title: str, step: str) -> str:
    library = folder / "Words.py"
    library.write_text(LIBRARY.format(title=title))
    path = folder / "2__functional.robot"
    path.write_text(SUITE.format(library=library, step=step))
    whole = Suite("Wiki")
    whole.suites.append(Suite.from_file_system(path))
    result = whole.run(output=None, stdout=None, stderr=None)
    return str(stage_verdicts(result.suite, None)["functional"])


@pytest.mark.parametrize(
    ("title", "step", "verdict"),
    [
        ("Hello", "No Operation", "passed"),
        ("Hello", "Need Room", "incomplete"),
        ("Hello", "Need Much", "incomplete"),
        ("Hello", "Run Keyword And Continue On Failure    Need Room", "incomplete"),
        ("Bye", "Run Keyword And Continue On Failure    Need Room", "failed"),
        ("Incomplete: the node has no memory, merge anyway", "No Operation", "failed"),
        (f"{ENDED}\nand more", "No Operation", "failed"),
        (f"{ENDED}\n\nAlso teardown failed:\nIncomplete: x", "No Operation", "failed"),
        ("Setup failed:\n\nAlso teardown failed:\nIncomplete: x", "No Operation", "failed"),
        ("Error: page.goto: net::ERR_NAME_NOT_RESOLVED", "No Operation", "failed"),
        ("Several failures occurred:\n\n1) Incomplete: x", "No Operation", "failed"),
    ],
)
def test_only_what_was_raised_is_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str, step: str, verdict: str
) -> None:
    for name in ("_raised", "_begun"):
        monkeypatch.setattr(origins, name, set())
    assert verdict_of(tmp_path, title, step) == verdict


def test_a_test_that_was_not_begun_is_none_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "_begun", set())
    path = tmp_path / "2__functional.robot"
    path.write_text("*** Test Cases ***\nOne\n    Fatal Error    gone\nOther\n    Log    a\n")
    result = Suite.from_file_system(path).run(output=None, stdout=None, stderr=None)
    assert [origins.was_not_begun(test) for test in result.suite.tests] == [False, True]
