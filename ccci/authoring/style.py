"""How a suite reads: names that are sentences, and nothing written into a test that will move."""

import re
from collections.abc import Iterator

from ccci.authoring.model import Cell, Finding, RobotFile, sentence_words
from ccci.authoring.project import Project

LONGEST_TEST = 7
SHORTEST_NAME = 3
HARD_CODED = (
    (
        re.compile(r"\b(https?|wss?|ssh|ftp)://", re.I),
        "a URL",
        "take it from the deployment that the stage's first keyword returns",
    ),
    (
        re.compile(r"(?<![\d.])\d{1,3}(\.\d{1,3}){3}(?![\d.])"),
        "an address",
        "the server file names addresses (server.toml)",
    ),
    (
        re.compile(r"(?<![\d.])v?\d+\.\d+\.\d+(?![\d.])|\bv\d+\.\d+\b"),
        "a version",
        "read it from the running app or the recipe",
    ),
    (
        re.compile(
            r"^([\w ]+=)?\d+(\.\d+)?\s*"
            r"(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)$",
            re.I,
        ),
        "a number of seconds",
        "deadlines belong to the keyword or to timeout_seconds in recipe.toml",
    ),
    (
        re.compile(r"^(timeout|seconds|within|delay|for)=\d", re.I),
        "a number of seconds",
        "deadlines belong to the keyword or to timeout_seconds in recipe.toml",
    ),
    (
        re.compile(r"^\w*(password|passwd|secret|token|api_?key)=(?!\s*[$@&%]\{)\S+$", re.I),
        "a credential",
        "credentials are made per run; take them from the run's own store",
    ),
    (
        re.compile(r"^/(api|v\d+|_\w+|\.well-known|rest)(/|$)", re.I),
        "an API path",
        "paths belong in the recipe's resource, behind a keyword of the app's own",
    ),
    (
        re.compile(r"^(css|xpath|id|role|text|data-testid)=|^//\w|internal:role=", re.I),
        "a selector",
        "selectors belong in the recipe's resource, behind a keyword of the app's own",
    ),
)
CREDENTIAL_NAME = re.compile(r"\{\w*(password|passwd|secret|token|api_?key)\w*\}", re.I)


def check_style(project: Project) -> Iterator[Finding]:
    """Yield names that are no sentences, tests that are long, and hard-coded data in suites."""
    for file in project.suites:
        for test in file.tests:
            if len(sentence_words(test.name)) < SHORTEST_NAME:
                yield project.finding(
                    file.path,
                    test.line,
                    f"style: test name '{test.name}' is not a sentence; expected at least "
                    f"{SHORTEST_NAME} words that say something about the app.",
                )
            if test.length > LONGEST_TEST and not test.template:
                yield project.finding(
                    file.path,
                    test.line,
                    f"style: test '{test.name}' has {test.length} lines; three to {LONGEST_TEST} "
                    "read well. Make a keyword of what belongs together.",
                    "warning",
                )
        for cell in file.cells:
            yield from _hard_coded(project, file, cell)
        yield from _credentials_in_variables(project, file)


def _hard_coded(project: Project, file: RobotFile, cell: Cell) -> Iterator[Finding]:
    for pattern, what, instead in HARD_CODED:
        if found := pattern.search(cell.text):
            seen = "***" if what == "a credential" else cell.text
            name = found.group(0).partition("=")[0] if what == "a credential" else ""
            shown = f"{name}={seen}" if name else seen
            yield project.finding(
                file.path, cell.line, f"P7: '{shown}' is {what} written into a suite: {instead}."
            )
            return


def _credentials_in_variables(project: Project, file: RobotFile) -> Iterator[Finding]:
    for variable in file.variables:
        if CREDENTIAL_NAME.search(variable.text) and "    " in variable.text:
            value = variable.text.split("    ", 1)[1]
            if value and not value.startswith(("${", "%{")):
                name = variable.text.split("    ", 1)[0]
                yield project.finding(
                    file.path,
                    variable.line,
                    f"P7: variable '{name}' holds a credential written into a suite: credentials "
                    "are made per run; take them from the run's own store.",
                )
