"""What a Python file imports, read without running it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the dotted name of everything that a file imports, and the line; also within functions.

    Example:
        >>> ("ast", 3) in imports_of(Path("ccci/authoring/imports.py"))
        True
    """
    yield from _imports_in(path.read_text(encoding="utf-8"))


# Each of many rules asks for the imports of every file.
@cache
def _imports_in(text: str) -> tuple[tuple[str, int], ...]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        # Reported by the check of forbidden things, which reads every Python file too.
        return ()
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(item.name, node.lineno) for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from ccci import loop` imports ccci.loop.
            found += [(f"{node.module}.{item.name}", node.lineno) for item in node.names]
    return tuple(found)
