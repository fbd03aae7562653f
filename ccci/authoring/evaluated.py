"""P7: no text of an app becomes Python.

Robot Framework replaces ``${name}`` in a condition by the value's text, and then runs the condition
as Python: an app that answers with a piece of Python would run it on the node. ``$name`` stands for
the value itself, which is compared and never run. See the User Guide, "Evaluating expressions".
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

from robot.api.parsing import ModelVisitor

from ccci.authoring.model import Finding, RobotFile, plain
from ccci.authoring.project import Project
from ccci.authoring.robotfile import syntax_tree
from ccci.authoring.vocabulary import with_inner

# Keywords whose first argument is a condition.
CONDITIONAL = frozenset(
    {
        *("runkeywordif", "runkeywordunless", "returnfromkeywordif", "exitforloopif"),
        *("continueforloopif", "setvariableif", "shouldbetrue", "shouldnotbetrue"),
        *("runkeywordandreturnif",),
    }
)
# What Browser's assertions run as Python: the operators whose next cell is an expression.
_OPERATORS = frozenset({"validate", "then", "evaluate"})
_PUT_IN = re.compile(r"(?<!\\)(?:\\\\)*[$@&%]\{")
# The address of the app is the run's own.
_OWN = re.compile(r"\$\{app\.url\}")
_NESTED = re.compile(r"(?<!\\)[$@&]\{[^{}]*[$@&%]\{")


def check_evaluated(project: Project) -> Iterator[Finding]:
    """Yield every expression of Robot files into which Robot would put the text of a variable."""
    for file in (*project.suites, *project.resources):
        for line, expression in (*_conditions(file), *_arguments(file)):
            if _PUT_IN.search(expression):
                yield project.finding(
                    file.path,
                    line,
                    f"P7: '{expression}' is run as Python with the variable's text in it, which an "
                    "app may have chosen. Write $name instead of ${name}: it stands for the value.",
                )
        for line, text in _resolved_twice(file):
            yield project.finding(
                file.path,
                line,
                f"P7: 'Wait For Condition' looks for variables in '{text}' once more, and may find "
                "Python that an app has chosen. Write 'Eventually' with the keyword of the check.",
            )
        for cell in file.cells:
            if _NESTED.search(cell.text):
                yield project.finding(
                    file.path,
                    cell.line,
                    f"P7: '{cell.text}' has a variable in the name of another, which Robot may run "
                    "as Python. Use ${object}[${key}], or a library keyword.",
                )


def _resolved_twice(file: RobotFile) -> Iterator[tuple[int, str]]:
    """Yield texts of variables that Browser hands to another keyword as if they stood there."""
    for made in with_inner(file.calls):
        if plain(made.name) == "waitforcondition":
            for text in made.args:
                if _PUT_IN.search(_OWN.sub("", text)):
                    yield made.line, text


def _arguments(file: RobotFile) -> Iterator[tuple[int, str]]:
    for made in with_inner(file.calls):
        if plain(made.name) in CONDITIONAL:
            for expression in _conditions_among(plain(made.name), made.args):
                yield made.line, expression
        for operator, expression in itertools.pairwise(made.args):
            if operator.lower() in _OPERATORS:
                yield made.line, expression


def _conditions_among(name: str, args: tuple[str, ...]) -> Iterator[str]:
    """Yield the cells of a call that are conditions, in whichever way they are given."""
    yield from args[:1]
    for before, text in itertools.pairwise(args):
        if before == "ELSE IF" or text.startswith("condition="):
            yield text
    if name == "setvariableif":
        # A condition, its value, and so on; a value alone at the end is for all else.
        yield from args[2 : len(args) - 1 : 2]


def _conditions(file: RobotFile) -> list[tuple[int, str]]:
    conditions = _Conditions()
    conditions.visit(syntax_tree(file.path))
    return conditions.found


class _Conditions(ModelVisitor):  # type: ignore[misc]
    """Collects what Robot runs outside of calls: conditions of IF and WHILE, the numbers of a
    loop, and the rows of a template that takes conditions.
    """

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []
        self.templates: list[str] = []

    def visit_File(self, node: Any) -> None:  # noqa: N802
        for section in node.sections:
            for setting in getattr(section, "body", ()):
                if type(setting).__name__ == "TestTemplate":
                    self.templates = [setting.value or ""]
        self.generic_visit(node)

    def visit_TestCase(self, node: Any) -> None:  # noqa: N802
        own = [one.value or "" for one in node.body if type(one).__name__ == "Template"]
        self.templates, before = own or self.templates, self.templates
        self.generic_visit(node)
        self.templates = before

    def visit_TemplateArguments(self, node: Any) -> None:  # noqa: N802
        if node.args and self.templates and plain(self.templates[-1]) in CONDITIONAL:
            self.found.append((node.lineno, node.args[0]))

    def _condition(self, node: Any) -> None:
        if node.condition:
            self.found.append((node.lineno, node.condition))

    def visit_ForHeader(self, node: Any) -> None:  # noqa: N802
        if (node.flavor or "").upper() == "IN RANGE":
            self.found += [(node.lineno, value) for value in node.values]

    visit_IfHeader = visit_ElseIfHeader = visit_InlineIfHeader = visit_WhileHeader = _condition  # noqa: N815
