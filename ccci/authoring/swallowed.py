"""P7: Python that hides a failure: an error that is caught and forgotten, a skip of a library."""

import ast
import re
from collections.abc import Iterator

from ccci.authoring.model import plain

# What tells of an app's, the node's or a keyword's failure. A narrow error (LookupError,
# ValueError) may be an answer; these are not.
FAILURES = frozenset(
    {
        *("Exception", "BaseException", "AssertionError", "Failure", "RobotError"),
        *("ExecutionFailed", "RecipeFailure", "NodeFailure", "CcciError", "Broken", "Incomplete"),
        *("Unanswered", "LimitBroken", "TooLate", "RequestException", "HTTPError"),
        *("DockerException", "APIError", "OSError", "IOError"),
    }
)
BROAD = frozenset({"", "Exception", "BaseException"})
_SKIPS = frozenset({"SkipExecution", "PassExecution", "ROBOT_SKIP_EXECUTION"})
_SKIP_CALLS = frozenset({"skip", "skipif", "passexecution", "passexecutionif"})
_HIDING_CALLS = frozenset(
    {"runkeywordandignoreerror", "runkeywordandreturnstatus", "runkeywordandwarnonfailure"}
)
_SKIP_TAG = re.compile(r"robot:(skip|skip-on-failure|exclude)", re.IGNORECASE)


def swallowed(tree: ast.AST, of_a_keyword: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of each handler that forgets an error.

    Args:
        tree: a module.
        of_a_keyword: it belongs to a keyword library or a recipe; there no failure may be caught
            without another one that takes its place. Elsewhere only catching everything counts,
            where the error is not even told.

    Example:
        >>> list(swallowed(ast.parse("try:\\n    go()\\nexcept Exception:\\n    x = 1"), True))
        [(3, 'except Exception')]
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = _names(node.type)
            caught = names & (FAILURES | {""}) if of_a_keyword else names & BROAD
            if caught and not _raises(node.body) and (of_a_keyword or not _uses(node)):
                yield node.lineno, f"except {ast.unparse(node.type)}" if node.type else "except:"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            names = {name for arg in node.args for name in _names(arg)}
            if names & (FAILURES if of_a_keyword else BROAD):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Try) and any(_leaves(one) for one in node.finalbody):
            yield node.finalbody[0].lineno, "finally: return"


def skips(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of each way to skip a test in a module.

    Example:
        >>> list(skips(ast.parse("raise SkipExecution('later')")))
        [(1, 'SkipExecution')]
    """
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Name):
            name = node.id
        elif isinstance(node, ast.Attribute):
            name = node.attr
        if name in _SKIPS:
            yield node.lineno, name  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            yield from _called(node)
        elif isinstance(node, ast.Constant) and _SKIP_TAG.fullmatch(str(node.value)):
            yield node.lineno, str(node.value)


def hides(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of each keyword that is run without its failure being heard."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and plain(node.attr) in _HIDING_CALLS:
            yield node.lineno, node.attr


def _called(node: ast.Call) -> Iterator[tuple[int, str]]:
    text = ast.unparse(node.func)
    method = plain(text.rpartition(".")[2])
    if method in _SKIP_CALLS and (method != "skip" or "builtin" in text.lower()):
        yield node.lineno, text
    if method.startswith("runkeyword"):
        given = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        yield from ((node.lineno, str(one)) for one in given if plain(str(one)) in _SKIP_CALLS)


def _names(kind: ast.expr | None) -> set[str]:
    """Return the last parts of the names of the errors that a handler catches; "" for all."""
    if kind is None:
        return {""}
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return {ast.unparse(part).rpartition(".")[2] for part in parts}


def _raises(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Raise) for statement in body for node in ast.walk(statement))


def _uses(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler tells the error that it caught."""
    named = handler.name
    called = [node for one in handler.body for node in ast.walk(one)]
    tells = any(
        isinstance(node, ast.Attribute) and node.attr in ("exception", "format_exc", "print_exc")
        for node in called
    )
    return tells or any(isinstance(node, ast.Name) and node.id == named for node in called)


def _leaves(statement: ast.stmt) -> bool:
    """Return whether a statement of `finally` drops the error that is on its way."""
    return isinstance(statement, ast.Return | ast.Break | ast.Continue)
