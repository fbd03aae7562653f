"""P2 and P3: PARITY.md points at tests that exist, and the recipe's own tests go beyond it.

A row is `| recipe-info/<recipe>/tests/<file>.py | <suite file> :: <test name> | what |`. The
second cell may instead be `NOTES.md :: <heading>`, for a test left out on purpose, or
`docs/decisions/<file>.md :: <heading>` where the reason concerns more than this recipe.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccci.authoring.model import Definition, Finding, stage_of
from ccci.authoring.project import Project
from ccci.authoring.robotfile import read_robot_file
from ccci.errors import Misuse
from ccci.recipe.config import load_recipe_config

DEPTH = 2
EVERYWHERE = "health_check.py"
OIDC = ("oidc_login.py", "oidc_integration.py")
KNOWN = {
    "bluesky-pds": ("goat_account.py",),
    "gitea": ("git_push.py",),
    "immich": ("upload_conversion.py",),
    "lasuite-docs": ("wopi_configured.py",),
    "lasuite-drive": ("wopi_configured.py",),
    "lasuite-meet": ("meeting_flow.py", "webrtc-media.py"),
}
ROW_FORM = "| recipe-info/<recipe>/tests/<file>.py | <suite file> :: <test name> | what |"


@dataclass(frozen=True)
class Row:
    """A line of the table: the older test, and where its like is now."""

    old: str
    target: str
    test: str
    what: str
    line: int


def check_parity(project: Project) -> Iterator[Finding]:
    """Yield rows that point at nothing, files without a row, and recipes without depth."""
    for recipe in project.enrolled:
        path = project.recipe_file(recipe, "PARITY.md")
        if not path.exists():
            yield project.finding(
                path, 1, f"P2: recipe '{recipe}' has no PARITY.md; expected rows {ROW_FORM}."
            )
            continue
        rows = read_rows(path)
        for row in rows:
            yield from _row(project, recipe, path, row)
        yield from _missing(project, recipe, path, rows)
        yield from _depth(project, recipe, rows)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read the table rows of a PARITY.md. Heading and rule of the table are left out."""
    rows: list[Row] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.lstrip().startswith("|") or re.fullmatch(r"[\s|:-]+", line):
            continue
        if number < len(lines) and re.fullmatch(r"\s*\|[\s|:-]+", lines[number]):
            continue
        cells = [_bare(cell) for cell in line.strip().strip("|").split("|")]
        cells += [""] * (3 - len(cells))
        target, _, test = cells[1].partition("::")
        rows.append(Row(cells[0], _bare(target), _bare(test), cells[2], number))
    return tuple(rows)


def tests_of(project: Project, recipe: str) -> dict[str, tuple[Definition, ...]]:
    """Return the tests of each file of a recipe's suite, its links to the generic ones included."""
    folder = project.root / "suites" / recipe
    return {
        path.name: read_robot_file(path).tests
        for path in sorted(folder.glob("*.robot"))
        if path.exists()
    }


def headings(path: Path) -> tuple[str, ...]:
    """Return the headings of a Markdown file, or none where it does not exist."""
    if not path.exists():
        return ()
    found = re.findall(r"^#+\s+(.+?)\s*#*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return tuple(_bare(heading) for heading in found)


def _bare(cell: str) -> str:
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", cell.strip())
    return text.replace("`", "").strip()


def _row(project: Project, recipe: str, path: Path, row: Row) -> Iterator[Finding]:
    if not re.fullmatch(rf"recipe-info/{re.escape(recipe)}/tests/[\w.-]+\.py", row.old):
        yield project.finding(
            path, row.line, f"P2: first cell '{row.old}' names no older test; expected {ROW_FORM}."
        )
    if not row.what:
        yield project.finding(
            path, row.line, "P2: the third cell is empty; say what both tests verify."
        )
    if row.target.endswith(".md"):
        yield from _left_out(project, recipe, path, row)
        return
    tests = tests_of(project, recipe)
    file = Path(row.target).name
    if file not in tests:
        yield project.finding(
            path,
            row.line,
            f"P2: there is no suites/{recipe}/{file}{_like(file, tuple(tests))}. "
            f"Expected {ROW_FORM}.",
        )
        return
    names = tuple(test.name for test in tests[file])
    if row.test not in names:
        yield project.finding(
            path,
            row.line,
            f"P2: suites/{recipe}/{file} has no test '{row.test}'{_like(row.test, names)}. Name "
            "the test as it is called now.",
        )


def _left_out(project: Project, recipe: str, path: Path, row: Row) -> Iterator[Finding]:
    notes = f"recipes/{recipe}/NOTES.md"
    file = notes if row.target == "NOTES.md" else row.target
    if file != notes and not re.fullmatch(r"docs/decisions/[\w.-]+\.md", file):
        yield project.finding(
            path,
            row.line,
            f"P2: '{row.target}' is no place for a decision; expected NOTES.md :: <heading> or "
            "docs/decisions/<file>.md :: <heading>.",
        )
        return
    known = headings(project.root / file)
    if row.test not in known:
        yield project.finding(
            path,
            row.line,
            f"P2: {file} has no heading '{row.test}'{_like(row.test, known)}. "
            "Write the entry with its reason, or name the heading as it is.",
        )


def _like(wanted: str, names: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    return f" (is it '{close[0]}'?)" if close else ""


def _missing(project: Project, recipe: str, path: Path, rows: tuple[Row, ...]) -> Iterator[Finding]:
    covered = {row.old.rpartition("/")[2] for row in rows}
    for file in (EVERYWHERE, *KNOWN.get(recipe, ())):
        if file not in covered:
            yield project.finding(
                path, 1, f"P2: no row for recipe-info/{recipe}/tests/{file}; expected {ROW_FORM}."
            )
    try:
        sso = load_recipe_config(project.recipe_file(recipe, "recipe.toml")).sso
    except Misuse:
        return
    if sso is not None and not covered & set(OIDC):
        yield project.finding(
            path,
            1,
            f"P2: recipe.toml has [sso], and no row for {' or '.join(OIDC)}; expected {ROW_FORM}.",
        )


def _depth(project: Project, recipe: str, rows: tuple[Row, ...]) -> Iterator[Finding]:
    named = {(Path(row.target).name, row.test) for row in rows}
    functional = [
        file for file in project.own_suites(recipe) if stage_of(file.path) == "functional"
    ]
    beyond = [
        test.name
        for file in functional
        for test in file.tests
        if (file.path.name, test.name) not in named
    ]
    if functional and len(beyond) < DEPTH:
        yield project.finding(
            functional[0].path,
            1,
            f"P3: expected at least {DEPTH} functional tests beyond those in PARITY.md, saw "
            f"{len(beyond)}. Create an object and read it back by another path, and test what "
            "sets this app apart.",
        )
