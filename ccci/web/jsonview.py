"""JSON as a table reads it: by dots, at any depth."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_MISSING = object()
_MOST_VALUES, _MOST_LEVELS = 500_000, 200
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class JsonObject(dict[str, Any]):
    """A JSON object whose members are attributes, too.

    A member wins over a method of `dict` with the same name: APIs call their lists `items`.
    """

    def __getattribute__(self, name: str) -> Any:
        """Return a member; the attributes of a `dict` where there is none of that name."""
        return self[name] if name in self else super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no {name!r} here, only: {_names(self)}")


def read_json(content: str | bytes) -> Any:
    """Return parsed JSON, its objects as `JsonObject`.

    Raises:
        ValueError: it is no JSON, or has more values or levels than can be read safely.

    Example:
        >>> read_json('{"posts": [{"title": "Hello"}]}').posts[0].title
        'Hello'
    """
    text = content.encode(errors="replace") if isinstance(content, str) else content
    # Each value takes up to some hundred bytes of memory, though its text may have two.
    if text.count(b",") > _MOST_VALUES:
        raise ValueError(f"it has more than {_MOST_VALUES:,} values")
    # Looked at before: the parser would go down to Python's own limit, and there nothing else works
    # either, such as the end of an object that is cleared away just then.
    if text.count(b"[") + text.count(b"{") > _MOST_LEVELS and _is_too_deep(text):
        raise ValueError(f"it has more than {_MOST_LEVELS} levels")
    return json.loads(content, object_hook=JsonObject)


def _is_too_deep(text: bytes) -> bool:
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MOST_LEVELS:
            return True
    return False


def value_at(content: Any, path: str) -> Any:
    """Return the value at a dotted path; numbers in it choose from lists.

    Raises:
        LookupError: there is nothing; the sentence says how far the path leads.

    Example:
        >>> value_at({"posts": [{"title": "Hello"}]}, "posts.0.title")
        'Hello'
    """
    for name in filter(None, path.split(".")):
        inner = _MISSING
        if isinstance(content, Mapping) and name in content:
            inner = content[name]
        elif isinstance(content, list) and name.lstrip("-").isdecimal():
            inner = content[int(name)] if -len(content) <= int(name) < len(content) else _MISSING
        if inner is _MISSING:
            raise LookupError(f"nothing at {path!r}: no {name!r} in {_shown(content)}")
        content = inner
    return content


def as_text(value: Any) -> str:
    """Return a value as JSON writes it, text without its quotes.

    Example:
        >>> as_text(True), as_text("a"), as_text(None)
        ('true', 'a', 'null')
    """
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def items_with(items: Sequence[Any], path: str, value: Any) -> list[Any]:
    """Return the items that have a value at a dotted path, compared as JSON writes them.

    Example:
        >>> items_with([{"id": 1}, {"id": 2}], "id", "2")
        [{'id': 2}]
    """
    return [item for item in items if _text_at(item, path) == as_text(value)]


def texts_at(items: Sequence[Any], path: str) -> list[str]:
    """Return what items have at a dotted path, as JSON writes it; without those that have nothing.

    Example:
        >>> texts_at([{"id": 1}, {}], "id")
        ['1']
    """
    return [text for item in items if (text := _text_at(item, path)) is not None]


def _text_at(item: Any, path: str) -> str | None:
    try:
        return as_text(value_at(item, path))
    except LookupError:
        return None


def plain(content: Any, of_leaf: Callable[[Any], Any] = lambda leaf: leaf) -> Any:
    """Return content in plain dicts and lists, which is what `json` can write.

    Args:
        content: mappings and sequences of any kind, at any depth.
        of_leaf: what is to stand in the place of everything else.
    """
    if isinstance(content, Mapping):
        # By its keys: `items` may be a member.
        return {str(key): plain(content[key], of_leaf) for key in content}
    if isinstance(content, Sequence) and not isinstance(content, str | bytes | bytearray):
        return [plain(value, of_leaf) for value in content]
    return of_leaf(content)


def _names(content: Mapping[str, Any]) -> str:
    return ", ".join(str(name) for name in content) or "nothing"


def _shown(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"an object with: {_names(content)}"
    if isinstance(content, list):
        return f"a list of {len(content)}"
    return as_text(content)[:80]
