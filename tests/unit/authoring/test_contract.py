"""Every rule of the contract check finds its defect, and a project in order has none."""

import re
from pathlib import Path

import pytest

from ccci.authoring.contract import check_contract
from tests.unit.authoring.checked_project import change, make_project

FUNCTIONAL = "suites/blog/2__functional.robot"
WORDS = "recipes/blog/blog.resource"
TOML = "recipes/blog/recipe.toml"
PARITY = "recipes/blog/PARITY.md"
BREAKS = "recipes/blog/defects.toml"
BROWSER = "suites/blog/3__browser.robot"
LIBRARY = "libraries/Pages.py"
CALL = "    Publish The Post    first\n"
TEST = "A Post Is Public\n"
OPT_OUT = "There is one release of it."

# (file, what is there, what the author writes instead, file:line and the message to be found)
DEFECTS = [
    # P1, P4, P5: folders and settings
    (TOML, "weight = 2", "wieght = 2", rf"{TOML}:1: P5: unknown key 'wieght'"),
    (TOML, "weight = 2", "weight = ", rf"{TOML}:1: P5: not valid TOML"),
    (
        TOML,
        "weight = 2",
        'weight = 2\nrequires = ["shop"]',
        rf"{TOML}:2: P5: requires names 'shop', which is not enrolled",
    ),
    (
        TOML,
        "",
        '\n[sso]\nprovider = "keycloak"\n',
        rf"{TOML}:7: P5: \[sso\] provider 'keycloak' is not enrolled",
    ),
    (TOML, "", '\n[sso]\nprovider = "keycloak"\n', rf"{PARITY}:1: P2: .* no row for oidc_login.py"),
    (
        TOML,
        OPT_OUT,
        "Impossibly-complicated.",
        rf"{TOML}:4: P4: the reason for 'upgrade' is .*; expected a sentence",
    ),
    (
        TOML,
        f'[opt_out]\nupgrade = "{OPT_OUT}"',
        'opt_out = { upgrade = "Impossibly-complicated." }',
        rf"{TOML}:3: P4: the reason for 'upgrade' is .*; expected a sentence",
    ),
    (
        TOML,
        "",
        '\n[[limit]]\nservice = "app"\npids = 64\nreason = "Impossibly-complicated."\n',
        rf"{TOML}:9: P4: the reason for 'reason' is .*; expected a sentence",
    ),
    (
        TOML,
        "",
        '\n[let_go]\n"app: root" = "Impossibly-complicated."\n',
        rf"{TOML}:7: P4: the reason for 'app: root' is .*; expected a sentence",
    ),
    (
        TOML,
        f'upgrade = "{OPT_OUT}"',
        f'functional = "{OPT_OUT}"',
        rf"{TOML}:4: P4: \[opt_out\] names 'functional', which is no generic stage",
    ),
    (
        WORDS,
        "Plant The Seed\n",
        "Sow It\n",
        rf"{WORDS}:1: P4: keyword 'Plant The Seed' is not here",
    ),
    # P4: what people entrust to the app
    (
        TOML,
        '"a published post"',
        '"a published post", pictures = "a picture"',
        rf"{TOML}:2: P4: 'pictures' is never planted: 'Plant The Seed' calls no keyword tagged "
        r"holds:pictures. Write '\[Tags\]    holds:pictures' into the keyword that does it",
    ),
    (
        WORDS,
        "    The Post Should Be Public\n",
        "    The Page Should Say    seed.html    seed\n",
        rf"{TOML}:2: P4: 'posts' is never looked for: 'The Seed Should Be There' calls no keyword",
    ),
    (
        WORDS,
        "    Should Not Contain    ${text}    seed\n",
        "    Log    ${text}\n",
        rf"{TOML}:2: P4: 'posts' is never seen to be gone: keyword 'The Post Should Be Missing' "
        r"\(tagged holds:posts\), which 'The Seed Should Be Gone' calls, holds no assertion",
    ),
    (
        WORDS,
        "holds:posts",
        "holds:post",
        rf"{WORDS}:28: P4: keyword 'Publish The Post' is tagged holds:post, and .*; it has posts",
    ),
    (
        TOML,
        'holds = { posts = "a published post" }',
        "",
        rf"{TOML}:1: to write: \[holds\] is empty",
    ),
    # P2: parity
    (
        PARITY,
        "The App Is Healthy",
        "The App Is Well",
        rf"{PARITY}:5: P2: suites/blog/1__install.robot has no test 'The App Is Well' "
        r"\(is it 'The App Is Healthy'\?\)",
    ),
    (
        PARITY,
        "1__install.robot",
        "9__gone.robot",
        rf"{PARITY}:5: P2: there is no suites/blog/9__gon",
    ),
    (
        PARITY,
        "No media",
        "Some media",
        rf"{PARITY}:6: P2: docs/decisions/0001-no-udp.md has no heading 'Some media over UDP' "
        r"\(is it 'No media over UDP'\?\)",
    ),
    (PARITY, "0001-no", "0002-no", rf"{PARITY}:6: P2: docs/decisions/0002-no-udp.md has no head"),
    (
        PARITY,
        "No mail is",
        "Mail is",
        rf"{PARITY}:7: P2: recipes/blog/NOTES.md has no heading 'Mail is read'",
    ),
    (PARITY, "NOTES.md", "docs/DECISIONS.md", rf"{PARITY}:7: P2: 'docs/DECISIONS.md' is no place"),
    (PARITY, "health_check.py", "other.py", rf"{PARITY}:1: P2: no row for .*/health_check.py"),
    (PARITY, "recipe-info/blog/tests/media", "media", rf"{PARITY}:6: P2: first cell 'media.py'"),
    (PARITY, "| media |", "| |", rf"{PARITY}:6: P2: the third cell is empty"),
    # P3: depth
    (
        PARITY,
        "docs/decisions/0001-no-udp.md :: No media over UDP",
        "2__functional.robot :: A Post Is Public",
        rf"{FUNCTIONAL}:1: P3: expected at least 2 functional tests beyond .* saw 1",
    ),
    # Defects: the file is strict, and what it replaces is in the recipe
    (BREAKS, "stage =", "stag =", rf"{BREAKS}:5: P7: unknown key 'stag'"),
    (BREAKS, "restart", "reboot", rf"{BREAKS}:5: P7: defect 1, 'stage': Input should be"),
    (BREAKS, "volumes: [", "volumes: [a", rf"{BREAKS}:1: P7: defect .* does not contain 'volu"),
    (
        "lab/recipes/blog/recipe/compose.yml",
        "posts:/posts",
        "data:/data",
        rf"{BREAKS}:1: P7: defect 'the volume is not mounted': compose.yml does not contain",
    ),
    # P6: browser
    (
        BROWSER,
        "    Show The Page\n",
        "",
        rf"{BROWSER}:8: P6: browser test 'The Front .* screenshot",
    ),
    (
        TOML,
        "",
        f'\n[browser]\nnone = "{OPT_OUT}"\n',
        rf"{BROWSER}:1: P6: recipe.toml says \[browser\] none",
    ),
    # P7: no assertion, or one that cannot fail
    (
        FUNCTIONAL,
        "    The Page Should Say    first.html    first\n",
        "    Log    first\n",
        rf"{FUNCTIONAL}:10: P7: test 'A Post Is Public' holds no assertion",
    ),
    (
        "resources/pages.resource",
        "    Page Should Hold    ${path}    ${text}\n",
        "    Read Page    ${path}\n",
        r"resources/pages.resource:8: P7: keyword 'The Page Should Say' is named as an assertion",
    ),
    (
        "resources/pages.resource",
        "    Page Should Hold    ${path}    ${text}\n",
        "    Read Page    ${path}\n",
        rf"{FUNCTIONAL}:15: P7: test 'A Draft Is Hidden' holds no assertion",
    ),
    (
        WORDS,
        "    The Page Should Say    seed.html    seed\n",
        "    Log    there\n",
        r"suites/generic/6__upgrade.robot:8: P7: test 'What Was There .* holds no assertion",
    ),
    (FUNCTIONAL, CALL, "    Should Be True    ${True}\n", rf"{FUNCTIONAL}:12: P7: .*always true"),
    (FUNCTIONAL, CALL, "    Should Be Equal    a    a\n", rf"{FUNCTIONAL}:12: P7: .*with itself"),
    (
        FUNCTIONAL,
        CALL,
        "    Should Contain    ${x}    ${EMPTY}\n",
        rf"{FUNCTIONAL}:12: P7: .*every text contains the empty one",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    Run Keyword And Expect Error    *    Publish The Post    x\n",
        rf"{FUNCTIONAL}:12: P7: .*matches everything",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    Get Element Count    button    >=    0\n",
        rf"{FUNCTIONAL}:12: P7: .*no count is below 0",
    ),
    # P7: skipped, swallowed, commented out, waiting for nothing
    (FUNCTIONAL, CALL, "    Skip    later\n", rf"{FUNCTIONAL}:12: P7: 'Skip' is not allowed here"),
    (FUNCTIONAL, CALL, "    Skip If    ${x}\n", rf"{FUNCTIONAL}:12: P7: 'Skip If'"),
    (FUNCTIONAL, CALL, "    Pass Execution    ok\n", rf"{FUNCTIONAL}:12: P7: 'Pass Execution'"),
    (FUNCTIONAL, CALL, "    Pass Execution If    1    ok\n", rf"{FUNCTIONAL}:12: P7: 'Pass Exec"),
    (FUNCTIONAL, CALL, "    BuiltIn.sleep    1\n", rf"{FUNCTIONAL}:12: P7: 'BuiltIn.sleep'"),
    (FUNCTIONAL, CALL, "    Evaluate    1\n", rf"{FUNCTIONAL}:12: P7: 'Evaluate'"),
    (FUNCTIONAL, CALL, "    Log    ${{ 1 + 1 }}\n", rf"{FUNCTIONAL}:12: P7: .* is Python"),
    (
        FUNCTIONAL,
        CALL,
        "    Run Keyword And Ignore Error    Publish The Post    first\n",
        rf"{FUNCTIONAL}:12: P7: 'Run Keyword And Ignore Error'",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    Run Keyword And Return Status    Publish The Post    first\n",
        rf"{FUNCTIONAL}:12: P7: 'Run Keyword And Return Status'",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    Run Keywords    Log    x    AND    Sleep    5\n",
        rf"{FUNCTIONAL}:12: P7: 'Sleep'",
    ),
    (
        WORDS,
        "    Read Page    ${title}\n",
        "    TRY\n        Read Page    x\n    EXCEPT    AS    ${e}\n        Log    ${e}\n    END\n",
        rf"{WORDS}:34: P7: this EXCEPT in 'Publish The Post' swallows the error",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    # Publish The Post    first\n",
        rf"{FUNCTIONAL}:12: P7: .* is a commented-out line of a test",
    ),
    (FUNCTIONAL, CALL, "    # ${x}=    Get It\n", rf"{FUNCTIONAL}:12: P7: .* commented-out"),
    (FUNCTIONAL, CALL, "    Comment    Log    x\n", rf"{FUNCTIONAL}:12: P7: 'Comment'"),
    (FUNCTIONAL, "functional\n", "robot:skip\n", rf"{FUNCTIONAL}:6: P7: tag 'robot:skip'"),
    (
        FUNCTIONAL,
        CALL,
        "    Set Suite Variable    ${X}    1\n",
        rf"{FUNCTIONAL}:12: P7: 'Set Suite",
    ),
    (
        FUNCTIONAL,
        CALL,
        "    VAR    ${X}    1    scope=SUITE\n",
        rf"{FUNCTIONAL}:12: P7: 'VAR scope",
    ),
    # P7: hard-coded
    (FUNCTIONAL, CALL, "    Log    https://a.b\n", rf"{FUNCTIONAL}:12: P7: .* is a URL"),
    (FUNCTIONAL, CALL, "    Log    1.26.3\n", rf"{FUNCTIONAL}:12: P7: '1.26.3' is a version"),
    (FUNCTIONAL, CALL, "    Log    10.0.0.1\n", rf"{FUNCTIONAL}:12: P7: .* is an address"),
    (FUNCTIONAL, CALL, "    Log    30 s\n", rf"{FUNCTIONAL}:12: P7: '30 s' is a number of seconds"),
    (FUNCTIONAL, CALL, "    Log    timeout=30\n", rf"{FUNCTIONAL}:12: P7: .* number of seconds"),
    (
        FUNCTIONAL,
        CALL,
        "    Log    password=hunter2\n",
        rf"{FUNCTIONAL}:12: P7: 'password=\*\*\*' is a credential",
    ),
    (
        FUNCTIONAL,
        "*** Test Cases ***",
        "*** Variables ***\n${TOKEN}    abc\n\n\n*** Test Cases ***",
        rf"{FUNCTIONAL}:10: P7: variable '\$\{{TOKEN\}}' holds a credential",
    ),
    (FUNCTIONAL, CALL, "    Log    /api/v1/x\n", rf"{FUNCTIONAL}:12: P7: .* is an API path"),
    (FUNCTIONAL, CALL, "    Click    css=.a\n", rf"{FUNCTIONAL}:12: P7: .* is a selector"),
    # P7: in Python, and TLS everywhere
    (
        LIBRARY,
        "        return path",
        "        import time\n        time.sleep(1)",
        rf"{LIBRARY}:30: P7: .time.sleep",
    ),
    (
        LIBRARY,
        "        return path",
        "        try:\n            pass\n        except Exception:\n            pass",
        rf"{LIBRARY}:31: P7: 'except Exception' swallows an error",
    ),
    (
        LIBRARY,
        "        return path",
        "        get(verify=False)",
        rf"{LIBRARY}:29: P7: .* switches",
    ),
    (
        WORDS,
        "    Read Page    ${title}\n",
        "    New Context    ignoreHTTPSErrors=True\n",
        rf"{WORDS}:32: P7: 'ignoreHTTPSErrors=True' switches certificate verification off",
    ),
    (
        "Makefile",
        "",
        "run:\n\trobot --skiponfailure x\n",
        r"Makefile:2: P7: option '--skiponfailure'",
    ),
    (
        "tests/a.py",
        "",
        "@pytest.mark.xfail\ndef a(): ...\n",
        r"tests/a.py:1: P7: .* is not allowed",
    ),
    ("tests/a.py", "", "@pytest.mark.skipif(x)\ndef a(): ...\n", r"tests/a.py:1: warning: P7"),
    ("ccci/run/run.py", "", "import unittest.mock\n", r"ccci/run/run.py:1: .* no mock"),
    ("lab/up.sh", "", "set -e\ncurl -sk x\n", r"lab/up.sh:2: P7: 'curl -sk x' switches"),
    # P8 and the documentation of keywords
    (
        "README.md",
        "enroll-recipe.md#enrol-a-recipe",
        "gone.md",
        r"README.md:3: P8: .* leads to no file",
    ),
    ("README.md", "#enrol-a-recipe", "#gone", r"README.md:3: P8: .* leads to no heading"),
    ("docs/enroll-recipe.md", "`weight`", "", r"docs/enroll-recipe.md:1: P8: .* key 'weight'"),
    (
        "docs/enroll-recipe.md",
        "Plant The Seed",
        "",
        r"docs/enroll-recipe.md:1: P8: .*'Plant The Seed'",
    ),
    (LIBRARY, "path: str, text", "path, text", rf"{LIBRARY}:11: docs: argument 'path' .* no type"),
    (LIBRARY, "path: str) -> str", "path: str)", rf"{LIBRARY}:21: docs: .* states no return type"),
    (LIBRARY, "Fails when there is no such page.", "", rf"{LIBRARY}:21: docs: .* when it fails"),
    (LIBRARY, "Example:", "Thus:", rf"{LIBRARY}:11: docs: .* has no Example"),
    (
        LIBRARY,
        "Return the text of a page.",
        "The text",
        rf"{LIBRARY}:21: docs: .* is not a sentence",
    ),
    (LIBRARY, '(tags=["assertion"])', "", rf"{LIBRARY}:11: docs: .* tag it 'assertion'"),
    (
        LIBRARY,
        "from robot.api",
        "import nothing_here\nfrom robot.api",
        rf"{LIBRARY}:1: libdoc cannot",
    ),
    # style and layering
    (FUNCTIONAL, TEST, "Post\n", rf"{FUNCTIONAL}:10: style: test name 'Post' is not a sentence"),
    (FUNCTIONAL, CALL, CALL * 9, rf"{FUNCTIONAL}:10: warning: style: .* has 10 lines"),
    (
        FUNCTIONAL,
        "Resource            blog.resource",
        "Library             Pages.py",
        rf"{FUNCTIONAL}:4: layering: suite imports library 'Pages.py'",
    ),
    ("ccci/run/run.py", "", "from robot import api\n", r"ccci/run/run.py:1: layering"),
    ("ccci/run/run.py", "", "import Pages\n", r"ccci/run/run.py:1: layering: 'Pages'"),
    (
        "lab/up.py",
        "",
        "\nimport ccci.run.run\n",
        r"lab/up.py:2: layering: 'ccci.run.run' is imported here",
    ),
    (
        "ccci/run/run.py",
        "",
        "import lab.up\n",
        r"ccci/run/run.py:1: layering: 'lab.up'",
    ),
    (
        "ccci/utils.py",
        "",
        "",
        r"ccci/utils.py:1: layering: a file named 'utils'",
    ),
    # skeletons
    (
        FUNCTIONAL,
        CALL,
        "    Fail    Write this test: what a visitor sees.\n",
        rf"{FUNCTIONAL}:10: to write: 'A Post Is Public' fails until somebody writes it",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"), DEFECTS, ids=[defect[3] for defect in DEFECTS]
)
def test_a_defect_is_found_with_file_and_line(
    tmp_path: Path, file: str, old: str, new: str, expected: str
) -> None:
    root = make_project(tmp_path)
    change(root, file, old, new)
    found = [str(finding) for finding in check_contract(root)]
    assert any(re.match(expected, line) for line in found), "\n".join(found) or "nothing found"


def test_a_project_in_order_has_no_finding(tmp_path: Path) -> None:
    assert [str(finding) for finding in check_contract(make_project(tmp_path))] == []


def test_an_option_that_only_begins_like_a_skip_is_none(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    change(root, "Makefile", "", "run:\n\tmariadbd --skip-networking\n")
    assert [str(finding) for finding in check_contract(root)] == []


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        (
            "1__install.robot",
            None,
            r"suites/blog/1__install.robot:1: P1: the generic stage is miss",
        ),
        ("1__install.robot", "copy", r"suites/blog/1__install.robot:1: P1: a copy of a generic st"),
        ("1__install.robot", "6__upgrade.robot", r"suites/blog/1__install.robot:1: P1: links to"),
        (
            "9__own.robot",
            "../blog/3__browser.robot",
            r"suites/blog/9__own.robot:1: P1: a link to no",
        ),
    ],
)
def test_a_generic_stage_is_a_link(
    tmp_path: Path, name: str, target: str | None, expected: str
) -> None:
    path = make_project(tmp_path) / "suites" / "blog" / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.unlink(missing_ok=True)
    if target == "copy":
        path.write_text(text, encoding="utf-8")
    elif target:
        path.symlink_to(target)
    found = [str(finding) for finding in check_contract(tmp_path)]
    assert any(re.match(expected, line) for line in found), "\n".join(found)


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (
            "suites/blog/2__functional.robot",
            r"suites/blog/2__functional.robot:1: P1: .*no functional",
        ),
        ("suites/blog/3__browser.robot", r"suites/blog/3__browser.robot:1: P6: no browser test"),
        ("recipes/blog/recipe.toml", r"recipes/blog/recipe.toml:1: P1: .* has no recipe.toml"),
        ("recipes/blog/PARITY.md", r"recipes/blog/PARITY.md:1: P2: .* has no PARITY.md"),
        ("recipes/blog/NOTES.md", r"recipes/blog/NOTES.md:1: P8: missing"),
        ("recipes/blog/defects.toml", r"recipes/blog/defects.toml:1: P7: .* has no def"),
        ("recipes/blog/blog.resource", r"recipes/blog/blog.resource:1: P4: missing"),
        ("docs/enroll-recipe.md", r"docs/enroll-recipe.md:1: P8: missing"),
    ],
)
def test_a_missing_file_is_found(tmp_path: Path, gone: str, expected: str) -> None:
    (make_project(tmp_path) / gone).unlink()
    found = [str(finding) for finding in check_contract(tmp_path)]
    assert any(re.match(expected, line) for line in found), "\n".join(found)


def test_a_defects_file_without_a_defect_is_to_be_written(tmp_path: Path) -> None:
    (make_project(tmp_path) / BREAKS).write_text("# None yet.\n", encoding="utf-8")
    found = [str(finding) for finding in check_contract(tmp_path)]
    assert [line.partition(": no defect")[0] for line in found] == [f"{BREAKS}:1: to write"]


def test_a_recipe_that_the_lab_has_not_is_not_looked_into(tmp_path: Path) -> None:
    (make_project(tmp_path) / "lab/recipes/blog/recipe/compose.yml").unlink()
    (tmp_path / "lab/recipes/blog/recipe").rmdir()
    assert check_contract(tmp_path) == []


def test_a_setup_script_must_be_there_and_executable(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    settings, script = root / "recipes/blog/recipe.toml", root / "recipes/blog/setup.sh"
    with settings.open("a") as file:
        file.write('\n[sso]\nprovider = "keycloak"\nsetup_script = "setup.sh"\n')

    def found() -> str:
        return "\n".join(str(finding) for finding in check_contract(root))

    assert "P5: [sso] setup_script 'setup.sh' is not in recipes/blog/." in found()
    script.write_text("#!/bin/sh\n")
    assert "P5: [sso] setup_script cannot be run: 'chmod +x recipes/blog/setup.sh'." in found()
    script.chmod(0o755)
    assert "setup_script" not in found()


def test_folders_come_in_pairs(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    (root / "suites" / "shop").mkdir()
    (root / "recipes" / "wiki").mkdir()
    found = "\n".join(str(finding) for finding in check_contract(root))
    assert "suites/shop:1: P1: there is no recipes/shop/" in found
    assert "recipes/wiki:1: P1: there is no suites/wiki/" in found


@pytest.mark.parametrize(
    "line",
    [
        "    Get Text    h1    ==    first\n",
        "    Wait For Elements State    h1    visible\n",
        "    GET    page    expected_status=404\n",
        "    Run Keyword And Expect Error    *refused*    Publish The Post    x\n",
        "    Wait Until Keyword Succeeds    ${long}    ${often}    Should Be Equal    ${a}    b\n",
        "    IF    $x\n        Fail    The post is not public.\n    END\n",
    ],
)
def test_assertions_of_other_libraries_count(tmp_path: Path, line: str) -> None:
    root = make_project(tmp_path)
    change(root, FUNCTIONAL, "    The Page Should Say    first.html    first\n", line)
    assert [str(finding) for finding in check_contract(root)] == []


@pytest.mark.parametrize(
    "line",
    [
        "    GET    page    expected_status=any\n",
        "    Get Text    h1\n",
        "    Get Text    h1    *=    ${EMPTY}\n",
        "    Publish The Post    Should Be Equal\n",
    ],
)
def test_what_only_looks_like_an_assertion_does_not_count(tmp_path: Path, line: str) -> None:
    root = make_project(tmp_path)
    change(root, FUNCTIONAL, "    The Page Should Say    first.html    first\n", line)
    found = "\n".join(str(finding) for finding in check_contract(root))
    assert "test 'A Post Is Public' holds no assertion" in found
