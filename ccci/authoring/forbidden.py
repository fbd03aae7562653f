"""P7: what weakens a test in a suite or resource."""

import re
from collections.abc import Iterator

from ccci.authoring.assertions import call_asserts
from ccci.authoring.model import Finding, RobotFile, plain
from ccci.authoring.project import Project
from ccci.authoring.vocabulary import Vocabulary, with_inner
from ccci.authoring.weakened import SKIPPED, VERIFY_OFF, unverified

SWALLOWED = "a swallowed error hides a broken promise; let it fail"
FORBIDDEN = {
    "skip": SKIPPED,
    "skipif": SKIPPED,
    "passexecution": SKIPPED,
    "passexecutionif": SKIPPED,
    "runkeywordandignoreerror": SWALLOWED,
    "runkeywordandreturnstatus": SWALLOWED,
    "runkeywordandwarnonfailure": SWALLOWED,
    "sleep": "wait for a condition with a deadline, as `Eventually` does",
    "evaluate": "suites hold no Python; make it a library keyword",
    "replacevariables": "it runs the Python that an app may have put into the text",
    "comment": "delete what is not run",
    "setglobalvariable": "take values as arguments and return them",
    "setsuitevariable": "take values as arguments and return them",
}
SKIP_TAGS = ("robot:skip", "robot:skip-on-failure", "robot:exclude")
BLOCKS = re.compile(r"(IF|ELSE|FOR|WHILE|TRY|EXCEPT|FINALLY|END|VAR|RETURN|GROUP)(\s{2,}|$)")
SETTINGS = re.compile(r"\[(Tags|Template|Setup|Teardown|Arguments|Documentation|Timeout)\]", re.I)


def check_forbidden(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield every weakening of a test in the Robot files."""
    for file in (*project.suites, *project.resources):
        yield from _keywords(project, file)
        yield from _swallowed(project, file, vocabulary)
        yield from _commented_out(project, file, vocabulary)
        yield from _cells(project, file)


def _keywords(project: Project, file: RobotFile) -> Iterator[Finding]:
    for made in with_inner(file.calls):
        if reason := FORBIDDEN.get(plain(made.name)):
            yield project.finding(
                file.path, made.line, f"P7: '{made.name}' is not allowed here: {reason}."
            )
    for scope in file.variable_scopes:
        yield project.finding(
            file.path,
            scope.line,
            f"P7: '{scope.text}' makes a global variable; take arguments and return values.",
        )


def _swallowed(project: Project, file: RobotFile, vocabulary: Vocabulary) -> Iterator[Finding]:
    for definition in (*file.tests, *file.keywords):
        for handler in definition.handlers:
            if not any(call_asserts(call, file, vocabulary) for call in handler.calls):
                yield project.finding(
                    file.path,
                    handler.line,
                    f"P7: this EXCEPT in '{definition.name}' swallows the error: {SWALLOWED}, or "
                    "assert in the branch what must hold instead.",
                )


def _commented_out(project: Project, file: RobotFile, vocabulary: Vocabulary) -> Iterator[Finding]:
    for comment in file.comments:
        text = comment.text.lstrip("# \t")
        first = re.split(r"\s{2,}|\t", text)[0].rstrip()
        assigned = re.match(r"[$@&]\{[^}]+\}\s*=?(\s{2,}|$)", text)
        if (
            assigned
            or BLOCKS.match(text)
            or SETTINGS.match(text)
            # The words of a table's heading are written small; a keyword is not.
            or (first[:1].isupper() and plain(first) in vocabulary.names)
        ):
            yield project.finding(
                file.path,
                comment.line,
                f"P7: '{comment.text.strip()}' is a commented-out line of a test. Delete it, or "
                "make it run.",
            )


def _cells(project: Project, file: RobotFile) -> Iterator[Finding]:
    for cell in file.cells:
        if cell.text.lower() in SKIP_TAGS:
            yield project.finding(
                file.path, cell.line, f"P7: tag '{cell.text}' is not allowed: {SKIPPED}."
            )
        if VERIFY_OFF.search(cell.text):
            yield project.finding(file.path, cell.line, unverified(cell.text))
        if "${{" in cell.text:
            yield project.finding(
                file.path,
                cell.line,
                f"P7: '{cell.text}' is Python in a Robot file. Make it a library keyword.",
            )
