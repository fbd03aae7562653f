"""On which line of a TOML file a key stands, for sentences that say what to change."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

# Part of a path: a key, or the place in an array of tables.
Part = str | int

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_WORD = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_KEY = re.compile(rf"\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*=")


def line_of(text: str, path: Sequence[Part]) -> int:
    """Return the line, from 1, of the key that a path leads to; of what it lies in, if need be.

    Args:
        text: the TOML file.
        path: keys from the top, and places in arrays of tables, as in ["wiring", 0, "overlay"].

    Example:
        >>> line_of("[env]\\nA = 1", ["env", "A"])
        2
    """
    best, found = 0, 1
    for number, place in _places(text):
        if len(place) > best and tuple(path[: len(place)]) == place:
            best, found = len(place), number
    return found


def _places(text: str) -> Iterator[tuple[int, tuple[Part, ...]]]:
    seen: Counter[tuple[Part, ...]] = Counter()
    table: tuple[Part, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = ()
            for key in _keys(header.group(2)):
                # A table below an array of tables belongs to the newest of them.
                table = (*table, seen[table] - 1, key) if seen[table] else (*table, key)
            if header.group(1) == "[[":
                seen[table] += 1
                table = (*table, seen[table] - 1)
            yield number, table
        elif key_here := _KEY.match(line):
            yield number, (*table, *_keys(key_here.group(1)))


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"' ") for part in re.findall(_WORD, dotted))
