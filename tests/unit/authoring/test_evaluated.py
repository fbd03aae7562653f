"""An app's text does not become Python: neither in a condition nor in a variable's name."""

from pathlib import Path

import pytest
from robot.api import TestSuite as Suite

from ccci.authoring.contract import check_contract
from tests.unit.authoring.checked_project import change, make_project

FUNCTIONAL = "suites/blog/2__functional.robot"
CALL = "    Publish The Post    first\n"
RUN = "is run as Python with the variable's text"
TWICE = "once more"
NESTED = "a variable in the name of another"


def findings(root: Path, *lines: str) -> list[str]:
    steps = "".join(f"    {line}\n" for line in ("${x}=    Read Page    a", *lines))
    change(make_project(root), FUNCTIONAL, CALL, steps + CALL)
    return [
        one
        for one in map(str, check_contract(root))
        if any(said in one for said in (RUN, TWICE, NESTED))
    ]


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (RUN, ["IF    ${x}    Publish The Post    a"]),
        (RUN, ["IF    '${x}' == 'b'    Publish The Post    a"]),
        (RUN, ["IF    $x", "    Log    a", "ELSE IF    ${x.y}", "    Log    b", "END"]),
        (RUN, ["WHILE    ${x} > 1", "    BREAK", "END"]),
        (RUN, ["Should Be True    ${x}"]),
        (RUN, ["Should Not Be True    condition=${x} == 1"]),
        (RUN, ["Run Keyword And Return Status    Should Be True    ${x}"]),
        (RUN, ["Get Text    css=p    validate    value == '${x}'"]),
        (RUN, ["FOR    ${i}    IN RANGE    ${x}", "    Log    ${i}", "END"]),
        (RUN, ["Eventually    Should Be True    ${x}"]),
        (RUN, ["Run Keyword If    $x    Log    a    ELSE IF    ${x}    Log    b"]),
        (RUN, ["${y}=    Set Variable If    $x    a    ${x}    b    ${x}"]),
        (RUN, ["Should Be True    msg=a    condition=${x}"]),
        (RUN, ["Should Be True    \\\\${x}"]),
        (TWICE, ["Wait For Condition    Url    contains    ${x}"]),
        (NESTED, ["Log    ${a.${x}}"]),
        (NESTED, ["Log    ${${x} path}"]),
    ],
)
def test_a_text_that_would_be_run_is_found(tmp_path: Path, said: str, lines: list[str]) -> None:
    (found,) = findings(tmp_path, *lines)
    assert said in found


def test_a_template_of_conditions_is_found(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    test = "Numbers\n    [Template]    Should Be True\n    ${x} > 2\n    $x > 2\n"
    path = root / FUNCTIONAL
    path.write_text(f"{path.read_text()}\n{test}")
    assert len([one for one in map(str, check_contract(root)) if RUN in one]) == 1


def test_values_that_are_compared_are_fine(tmp_path: Path) -> None:
    lines = [
        "IF    $x == 'b' and $x.y in (1, 2)    Publish The Post    a",
        "Should Be True    len($x) > 1    ${x} is short",
        "Log    ${x}[${x}]",
        "Wait For Condition    Url    ^=    ${app.url}/next    timeout=1 minute",
        "Log    \\${a\\${x}}",
        "Should Be True    $x == 'a \\${y}'",
        "${y}=    Set Variable If    $x    ${x}    ${x}",
        "FOR    ${i}    IN RANGE    3",
        "    Log    ${i}",
        "END",
    ]
    assert findings(tmp_path, *lines) == []


SUITE = """\
*** Settings ***
Library    {library}
Library    Api

*** Test Cases ***
A Check Is Repeated With What The App Answered
    ${{text}}=    Text Of The App
    Eventually    Should Be Equal    ${{text}}    other    within=0.1 seconds    holding=0 seconds
"""
LIBRARY = '''\
"""An app that answers with Python."""


def text_of_the_app() -> str:
    """Return what the app answered."""
    return "${{{{open(r'{mark}', 'w')}}}} ${{TEMPDIR}} \\\\ a=b"
'''


def test_what_an_app_answered_is_not_run_where_a_check_is_repeated(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    library = tmp_path / "TheApp.py"
    library.write_text(LIBRARY.format(mark=mark))
    suite = Suite.from_string(SUITE.format(library=library))
    result = suite.run(output=None, stdout=None, stderr=None)
    (test,) = result.suite.tests
    assert not mark.exists()
    assert "${{open(" in test.message and "${TEMPDIR} \\ a=b != other" in test.message
