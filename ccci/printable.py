"""Makes a text from outside safe to show: in a terminal, a log, a comment, a database, in JSON."""

import re

_LONGEST = 400
_LONGEST_TEXT = 20_000


def printable(text: object, longest: int = _LONGEST) -> str:
    """Return a text as one line in which every hidden character is written as an escape.

    Args:
        text: the text; it may come from anybody.
        longest: in characters; a longer text is cut, which an ellipsis shows.

    Example:
        >>> printable("a\\x1b[31mb\\n")
        'a\\\\x1b[31mb\\\\n'
    """
    return _cut("".join(map(_shown, str(text)[: longest + 1])), longest)


def printable_lines(text: object, longest: int = _LONGEST_TEXT) -> str:
    """Return a text as `printable` does, but with its line ends and tabs.

    Example:
        >>> printable_lines("a\\n\\x07b")
        'a\\n\\\\x07b'
    """
    kept = str(text)[: longest + 1]
    return _cut("".join(c if c in "\n\t" else _shown(c) for c in kept), longest)


def encodable(value: object) -> object:
    """Return content of JSON without halves of surrogate pairs, so that it can be stored.

    JSON can write such a character, but UTF-8 cannot.

    Example:
        >>> encodable({"a": ["\\ud800"]})
        {'a': ['\ufffd']}
    """
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [encodable(one) for one in value]
    if isinstance(value, dict):
        return {encodable(key): encodable(one) for key, one in value.items()}
    return value


def _shown(char: str) -> str:
    # Not printable are control and format characters (with colour codes and changes of direction),
    # halves of surrogate pairs, private and unassigned ones, and all spaces but the plain one.
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
