"""What can be known of a Python expression in a Robot file without running it."""

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

UNKNOWN = object()
_CONSTANTS = {"true": "True", "false": "False", "none": "None", "null": "None", "empty": "''"}
_VARIABLE = re.compile(r"[$@&%]\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}((?:\[[^\]]*\])*)|\$([A-Za-z_]\w*)")
# What a name stands for that was given a constant.
_FIXED = re.compile(r"\$\{(true|false|none|null|empty|-?\d+(?:\.\d+)?)\}", re.IGNORECASE)
_MARK = "ccci_variable_"
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_TRUE_OF_ITSELF = (ast.Eq, ast.LtE, ast.GtE, ast.Is)


def truth_of(expression: str, meaning: Callable[[str], str] = str) -> bool | None:
    """Return whether a condition is always true or always false; None where that depends.

    Args:
        expression: as a Robot file has it, with variables.
        meaning: returns what a variable stands for, so that two names of one value are the same.

    Example:
        >>> truth_of("${False}"), truth_of("${seen} == ${seen}"), truth_of("$seen == 'a'")
        (False, True, None)
    """
    found: dict[str, str] = {}

    def mark(match: "re.Match[str]") -> str:
        name = match.group(1) if match.group(1) is not None else match.group(3)
        constant = _CONSTANTS.get(name.strip().lower())
        if constant is not None and not match.group(2):
            return constant
        if re.fullmatch(r"-?\d+(\.\d+)?", name.strip()):
            return name.strip()
        means = meaning(match.group(0))
        if fixed := _FIXED.fullmatch(means):
            return _CONSTANTS.get(fixed.group(1).lower(), fixed.group(1))
        return found.setdefault(means, f"{_MARK}{len(found)}_")

    try:
        tree = ast.parse(_VARIABLE.sub(mark, expression).strip(), mode="eval")
    except (SyntaxError, ValueError):
        return None
    value = _value(tree.body)
    return None if value is UNKNOWN else bool(value)


def _value(node: ast.expr) -> Any:
    """Return the value of an expression, or UNKNOWN."""
    if isinstance(node, ast.Constant):
        marked = isinstance(node.value, str | bytes) and _MARK in str(node.value)
        return UNKNOWN if marked else node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        value = _value(node.operand)
        return UNKNOWN if value is UNKNOWN else not value
    if isinstance(node, ast.BoolOp):
        return _of_several([_value(one) for one in node.values], isinstance(node.op, ast.Or))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node.left, node.ops[0], node.comparators[0])
    if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
        size = len(node.keys if isinstance(node, ast.Dict) else node.elts)
        return bool(size)
    return UNKNOWN


def _of_several(values: list[Any], any_is_enough: bool) -> Any:
    known = [bool(value) for value in values if value is not UNKNOWN]
    if any_is_enough in known:
        return any_is_enough
    return UNKNOWN if len(known) < len(values) else not any_is_enough


def _compared(left: ast.expr, how: ast.cmpop, right: ast.expr) -> Any:
    if ast.dump(left) == ast.dump(right) and type(how) in _COMPARE:
        return isinstance(how, _TRUE_OF_ITSELF)
    of_a_length = isinstance(left, ast.Call) and ast.unparse(left.func) == "len"
    if of_a_length and isinstance(how, ast.GtE) and _value(right) == 0:
        return True
    one, other = _value(left), _value(right)
    if UNKNOWN in (one, other) or type(how) not in _COMPARE:
        return UNKNOWN
    try:
        return _COMPARE[type(how)](one, other)
    except TypeError:
        return UNKNOWN
