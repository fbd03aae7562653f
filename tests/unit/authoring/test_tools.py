"""The parts of `make check` that call other tools, the pages, and the editor's settings."""

import sys
import tomllib
from pathlib import Path

import pytest

from ccci.authoring import check, pages
from ccci.authoring.check import Finding, Outcome, Part
from ccci.authoring.dryrun import dry_run
from ccci.project import PROJECT
from tests.unit.authoring.checked_project import change, make_project

ROOT = PROJECT
FUNCTIONAL = "suites/blog/2__functional.robot"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def test_robocop_that_checked_no_file_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    findings, _ = check.robocop(tmp_path)
    assert any("checked no file" in finding.message for finding in findings)


def test_robocop_reports_file_and_line(root: Path) -> None:
    change(root, FUNCTIONAL, "    Publish The Post    first\n", "    Publish The Post    first  \n")
    findings, note = check.robocop(root)
    assert any(item.path == FUNCTIONAL and item.line == 12 for item in findings), findings
    assert note.split()[0].isdigit() and int(note.split()[0]) > 0


@pytest.mark.parametrize(
    ("part", "file", "text", "line"),
    [
        (check.ruff_check, "lab/up.py", '"""Up."""\n\nimport os\n', 3),
        (check.ruff_format, "lab/up.py", '"""Up."""\n\nx  =  1\n', 3),
    ],
)
def test_ruff_reports_file_and_line(
    root: Path, part: object, file: str, text: str, line: int
) -> None:
    change(root, file, "", text)
    assert callable(part)
    findings, _ = part(root)
    assert any(item.path == file and item.line == line for item in findings), findings


def test_a_tool_that_breaks_is_a_finding(root: Path) -> None:
    change(root, "pyproject.toml", "", "\n[tool.ruff]\nno-such-key = 1\n")
    findings, _ = check.ruff_check(root)
    assert findings and "ended with" in findings[0].message


def test_the_dry_run_finds_unknown_keywords_and_failed_imports(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("libraries", "resources", "recipes/blog"):
        monkeypatch.syspath_prepend(str(root / place))
    change(root, FUNCTIONAL, "    Publish The Post    first\n", "    Publich The Post    first\n")
    change(root, "suites/blog/3__browser.robot", "blog.resource", "blug.resource")
    findings, tests = dry_run(root)
    found = "\n".join(str(finding) for finding in findings)
    assert f"{FUNCTIONAL}:12: dry-run: No keyword with name 'Publich The Post' found." in found
    assert "suites/blog/3__browser.robot:4: dry-run: Resource file 'blug.resource'" in found
    assert tests == 7


def test_pages_are_the_same_each_time_and_name_no_place(root: Path) -> None:
    first = pages.render(root)
    assert first == pages.render(root)
    assert {"docs/keywords/Pages.html", "docs/keywords/pages.resource.html"} <= set(first)
    assert all(str(root) not in text for text in first.values())
    assert "The Page Should Say" in first["docs/keywords/README.md"]


def test_the_recipe_page_tells_what_is_proven(root: Path) -> None:
    page = pages.render(root)["docs/recipes/blog.md"]
    for expected in (
        "## install (generic)",
        "## functional (the recipe's own)",
        "## upgrade (generic, opted out)",
        "**Opted out** of the generic part of *upgrade*: There is one release of it.",
        "### A Post Is Public",
        "- **The Page Should Say** `first.html` `first`: A page holds the text.",
        "- `draft.html`, `nothing here`",
        "| `posts`: a published post | Publish The Post | The Post Should Be Public "
        "| The Post Should Be Missing |",
        "`recipe-info/blog/tests/health_check.py`",
    ):
        assert expected in page, page


def test_a_page_older_than_its_sources_is_found_and_mended(root: Path) -> None:
    pages.write(root)
    assert pages.stale(root) == []
    change(root, FUNCTIONAL, "Published, then read by a visitor.", "Read by a visitor.")
    change(root, "libraries/Pages.py", "Return the text", "Return all the text")
    sys.modules.pop("Pages")
    change(root, "docs/recipes/gone.md", "", "x\n")
    names = {finding.path for finding in pages.stale(root)}
    assert names == {"docs/recipes/blog.md", "docs/keywords/README.md", "docs/recipes/gone.md"}
    pages.write(root)
    assert pages.stale(root) == []


def test_lines_moved_in_a_library_make_no_page_old(root: Path) -> None:
    pages.write(root)
    change(
        root, "libraries/Pages.py", '"""Pages of an app."""\n', '"""Pages of an app."""\n\n# x\n'
    )
    sys.modules.pop("Pages")
    assert pages.stale(root) == []


def test_the_report_has_a_line_for_each_part_and_finding() -> None:
    outcomes = [
        Outcome("mypy", (), "3 files", 1.25),
        Outcome("contract", (Finding("a.robot", 3, "too short", "warning"),), "", 0.1),
        Outcome("ruff", (Finding("b.py", 1, "unused"),), "", 0.04),
    ]
    assert check.report(outcomes).splitlines() == [
        "ok   mypy (3 files): 1.2 s",
        "ok   contract: 0.1 s",
        "     a.robot:3: warning: too short",
        "FAIL ruff: 0.0 s",
        "     b.py:1: unused",
    ]


def test_what_is_to_write_fails_the_check() -> None:
    part = Part("contract", lambda _: ([Finding("a.robot", 3, "x", "to write")], ""))
    assert check.check(ROOT, [part])[0].failed


def test_the_editor_finds_the_places_of_this_project() -> None:
    settings = tomllib.loads((ROOT / "robot.toml").read_text(encoding="utf-8"))
    assert {"lab", "server"} <= set(settings["profiles"])
    assert set(settings["default-profiles"]) <= set(settings["profiles"])
    assert {"libraries", "resources", "recipes"} <= set(settings["python-path"])
    for place in (*settings["paths"], *settings["python-path"]):
        assert (ROOT / place).is_dir(), place
    for profile in settings["profiles"].values():
        assert profile["description"]


def test_robocop_is_configured_by_rules_that_exist() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert settings["robocop"]["lint"]["extend-select"]
    for path in settings["authoring"]["sleep-allowed"]:
        assert (ROOT / path).is_file(), path
