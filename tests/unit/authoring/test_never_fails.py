"""Steps that are never run, comparisons that cannot fail, and Python that hides a failure."""

from pathlib import Path

import pytest

from ccci.authoring.contract import check_contract
from ccci.authoring.expressions import truth_of
from tests.unit.authoring.checked_project import change, make_project

FUNCTIONAL = "suites/blog/2__functional.robot"
CALL = "    Publish The Post    first\n"
WORDS = "recipes/blog/blog.resource"
# Steps that many of the examples have.
A, X = "${a}=    Read Page    a", "${x}=    Read Page    a"
SAME = "Should Be Equal    ${a}    ${b}"
LIBRARY = "libraries/Pages.py"
RECIPE = "recipes/blog/Posts.py"


def findings(root: Path, file: str, old: str, new: str) -> list[str]:
    change(make_project(root), file, old, new)
    return [str(finding) for finding in check_contract(root)]


def steps(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["IF    ${False}", "    Publish The Post    a", "END"], "'${False}' is always false"),
        (["IF    1 == 2    Publish The Post    a"], "'1 == 2' is always false"),
        (["IF    not True", "    Publish The Post    a", "END"], "is always false"),
        (["IF    ${1} > 2    Publish The Post    a"], "is always false"),
        (
            [X, "IF    $x != $x    Publish The Post    a"],
            "'$x != $x' is always false",
        ),
        (
            [X, "IF    $x and False    Publish The Post    a"],
            "is always false",
        ),
        (
            [X, "IF    $x", "    Log    a", "ELSE IF    0", "    Log    b", "END"],
            "the condition '0' is always false",
        ),
        (["VAR    ${on}    ${False}", "IF    ${on}    Publish The Post    a"], "is always false"),
        (["VAR    ${on}    ${0}", "IF    $on    Publish The Post    a"], "is always false"),
        (["WHILE    ${False}", "    Publish The Post    a", "END"], "is always false"),
        (["Run Keyword If    ${False}    Publish The Post    a"], "of 'Run Keyword If' is always"),
        (
            [X, "Should Be True    $x == $x or $x"],
            "of 'Should Be True' is always true",
        ),
        ([X, "Should Be True    len($x) >= 0"], "is always true"),
        (["FOR    ${x}    IN    @{EMPTY}", "    Log    ${x}", "END"], "goes over nothing"),
        (["FOR    ${x}    IN RANGE    0", "    Log    ${x}", "END"], "goes over nothing"),
        (["FOR    ${x}    IN RANGE    ${3}    3", "    Log    ${x}", "END"], "goes over nothing"),
        (
            ["@{all}=    Create List", "FOR    ${x}    IN    @{all}", "    Log    ${x}", "END"],
            "goes over nothing",
        ),
        (
            ["VAR    @{all}", "FOR    ${i}    ${x}    IN ENUMERATE    @{ALL}", "    Log    a"],
            "goes over nothing",
        ),
        (["Repeat Keyword    0 times    Publish The Post    a"], "runs nothing"),
        (
            [A, "${b}=    Set Variable    ${a}", SAME],
            "compares '${a}' with itself: '${b}' stands for the same",
        ),
        (
            [A, "VAR    ${b}    ${a}", "Should Be Equal As Strings    ${b}    ${a}"],
            "with itself",
        ),
        (
            [A, "VAR    ${b}    ${a}", "VAR    ${c}    ${b}",
             "Should Be Equal    ${c.status}    ${a.status}"],
            "with itself",
        ),
        (
            ["${one_two}=    Read Page    a", "Should Be Equal    ${one_two}    ${One Two}"],
            "with itself",
        ),
        (
            [A, "${b}=    Convert To String    ${a}", "Should Contain    ${a}    ${b}"],
            "with itself",
        ),
        (["VAR    ${a}    x", "VAR    ${b}    x", SAME], "with itself"),
        (
            [A, "Should Be True    $a == $b or $a == $A"],
            "of 'Should Be True' is always true",
        ),
    ],
)  # fmt: skip
def test_what_cannot_fail_is_found(tmp_path: Path, lines: list[str], said: str) -> None:
    found = findings(tmp_path, FUNCTIONAL, CALL, steps(*lines))
    assert any(line.startswith(FUNCTIONAL) and said in line for line in found), "\n".join(found)


def test_a_constant_of_the_variables_section_is_one(tmp_path: Path) -> None:
    table = "*** Variables ***\n${CHECKED}    ${False}\n\n*** Test Cases ***\n"
    root = make_project(tmp_path)
    change(root, FUNCTIONAL, "*** Test Cases ***\n", table)
    change(root, FUNCTIONAL, CALL, steps("IF    ${CHECKED}", "    Publish The Post    a", "END"))
    found = [str(finding) for finding in check_contract(root)]
    assert any("'${CHECKED}' is always false" in line for line in found), "\n".join(found)


def test_an_argument_of_that_name_is_none(tmp_path: Path) -> None:
    table = "*** Variables ***\n${title}    ${False}\n@{ALL}\n\n*** Keywords ***\n"
    root = make_project(tmp_path)
    change(root, WORDS, "*** Keywords ***\n", table)
    change(root, WORDS, "[Arguments]    ${title}\n", "[Arguments]    ${title}    @{all}\n")
    loop = ["IF    ${title}    Log    a", "FOR    ${x}    IN    @{all}", "    Log    ${x}", "END"]
    change(root, WORDS, "    Read Page    ${title}\n", steps(*loop))
    assert [str(finding) for finding in check_contract(root) if "never" in str(finding)] == []


def test_what_follows_a_return_is_found(tmp_path: Path) -> None:
    found = findings(
        tmp_path, WORDS, "    Read Page    ${title}\n", steps("RETURN", "Read Page    a")
    )
    assert any("what follows RETURN is never run" in line for line in found), "\n".join(found)


def test_assertions_that_an_empty_answer_leaves_out(tmp_path: Path) -> None:
    loop = steps("@{posts}=    Read Page    a", "FOR    ${post}    IN    @{posts}",
                 "    The Page Should Say    ${post}    first", "END")  # fmt: skip
    body = f"{CALL}    The Page Should Say    first.html    first\n"
    found = findings(tmp_path / "one", FUNCTIONAL, body, loop)
    assert any("nothing is asserted" in line for line in found), "\n".join(found)
    first = loop.replace("FOR", "Should Not Be Empty    ${posts}\n    FOR", 1)
    assert findings(tmp_path / "other", FUNCTIONAL, body, first) == []


@pytest.mark.parametrize(
    "lines",
    [
        [X, "IF    $x == 'nobody'    Publish The Post    a"],
        [X, "IF    $x > 3 and $x < 5    Publish The Post    a"],
        ["WHILE    True", "    BREAK", "END"],
        ["FOR    ${x}    IN    a    b", "    The Page Should Say    ${x}    first", "END"],
        ["FOR    ${x}    IN RANGE    3", "    Log    ${x}", "END"],
        ["@{all}=    Create List", "Append To List    ${all}    a", "FOR    ${x}    IN    @{all}",
         "    Log    ${x}", "END"],
        [A, "${b}=    Read Page    a", SAME],
        [A, "VAR    ${b}    ${a}", A,
         SAME],
        [A, "${b}=    Read Page    a", "IF    $a == 'x'", "    VAR    ${b}    ${a}",
         "END", SAME],
        [A, "Should Be Equal    ${a.status}    ${a.wanted}"],
        ["IF    $x == 'a'", "    RETURN", "END", "Publish The Post    a"],
    ],
)  # fmt: skip
def test_what_can_fail_is_not(tmp_path: Path, lines: list[str]) -> None:
    found = findings(tmp_path, FUNCTIONAL, CALL, steps(*lines))
    assert [line for line in found if line.startswith(FUNCTIONAL)] == []


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("${True}", True), ("${FALSE}", False), ("${None}", False), ("${EMPTY}", False),
        ("'' == ''", True), ("${x}", None), ("not ${x}", None), ("${x} or True", True),
        ("[]", False), ("'${x}'", None), ("'${x}' == 'a'", None), ("${x.a} == ${x.a}", True),
        ("${x.a} == ${x.b}", None), ("${x}[0] == ${x}[1]", None), ("not a python (", None),
        ("%{HOME} == 'a'", None), ("1 < 2", True), ("'a' < 1", None),
    ],
)  # fmt: skip
def test_the_truth_of_a_condition(expression: str, truth: bool | None) -> None:
    assert truth_of(expression) is truth


MODULE = '"""Posts of the blog."""\n\nfrom robot.api import SkipExecution\n\n\ndef read():\n'


@pytest.mark.parametrize(
    "body",
    [
        "    try:\n        go()\n    except Exception:\n        return None\n",
        "    try:\n        go()\n    except:\n        pass\n",
        "    try:\n        go()\n    except Exception as error:\n        print(error)\n",
        "    try:\n        go()\n    except (KeyError, AssertionError):\n        return False\n",
        "    try:\n        go()\n    except RecipeFailure:\n        return ''\n",
        "    try:\n        go()\n    except requests.RequestException:\n        return ''\n",
        "    with suppress(AssertionError):\n        go()\n",
        "    with contextlib.suppress(Exception):\n        go()\n",
        "    try:\n        go()\n    finally:\n        return 1\n",
    ],
)
@pytest.mark.parametrize("file", [LIBRARY, RECIPE])
def test_a_swallowed_error_is_found(tmp_path: Path, body: str, file: str) -> None:
    text = MODULE.replace("from robot.api import SkipExecution\n\n\n", "") + body
    found = findings(tmp_path, file, "", f"\n\n{text}" if file == LIBRARY else text)
    said = [line for line in found if line.startswith(f"{file}:")]
    assert any("swallows an error" in line for line in said), "\n".join(found)


@pytest.mark.parametrize(
    "body",
    [
        "    raise SkipExecution('later')\n",
        "    BuiltIn().skip('later')\n",
        "    BuiltIn().skip_if(True)\n",
        "    builtin.pass_execution('later')\n",
        "    BuiltIn().run_keyword('Skip', 'later')\n",
        "    BuiltIn().set_tags('robot:skip-on-failure')\n",
        "    error.ROBOT_SKIP_EXECUTION = True\n",
    ],
)
@pytest.mark.parametrize("file", [LIBRARY, RECIPE, "ccci/posts.py"])
def test_a_skip_of_a_library_is_found(tmp_path: Path, body: str, file: str) -> None:
    text = MODULE.replace("from robot.api import SkipExecution\n\n\n", "") + body
    found = findings(tmp_path, file, "", f"\n\n{text}" if file == LIBRARY else text)
    said = [line for line in found if line.startswith(f"{file}:")]
    assert any("is not allowed: a test passes or fails" in line for line in said), "\n".join(found)


def test_a_failure_that_a_recipes_python_does_not_hear_is_found(tmp_path: Path) -> None:
    body = "    BuiltIn().run_keyword_and_ignore_error('Publish The Post')\n"
    found = findings(tmp_path, RECIPE, "", MODULE + body)
    assert any("run_keyword_and_ignore_error" in line for line in found)


@pytest.mark.parametrize(
    "body",
    [
        "    try:\n        go()\n    except LookupError:\n        return None\n",
        "    try:\n        go()\n    except Exception as error:\n        raise Oh() from error\n",
        "    with suppress(FileNotFoundError):\n        go()\n",
        "    steps.skip()\n",
    ],
)
def test_an_expected_error_is_not(tmp_path: Path, body: str) -> None:
    text = MODULE.replace("from robot.api import SkipExecution\n\n\n", "") + body
    found = findings(tmp_path, RECIPE, "", text)
    assert [line for line in found if line.startswith(RECIPE) and "P7" in line] == []
