"""What the checks speak of: findings, and Robot files as frozen values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Kind = Literal["error", "warning", "to write"]
TO_WRITE = "write this"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is not as agreed. `path` is relative to the project's root."""

    path: str
    line: int
    message: str
    kind: Kind = "error"

    def __str__(self) -> str:
        label = "" if self.kind == "error" else f"{self.kind}: "
        return f"{self.path}:{self.line}: {label}{self.message}"


@dataclass(frozen=True)
class Call:
    """A keyword called somewhere, with the cells after it."""

    name: str
    args: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Handler:
    """An EXCEPT branch and what it calls."""

    line: int
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Definition:
    """A test, or a keyword made of keywords. `length` counts its lines of steps."""

    name: str
    path: Path
    line: int
    calls: tuple[Call, ...]
    handlers: tuple[Handler, ...] = ()
    tags: tuple[str, ...] = ()
    documentation: str = ""
    template: str | None = None
    length: int = 0

    @property
    def to_write(self) -> bool:
        """Whether this is a skeleton that fails until a person has written it."""
        return any(
            plain(call.name) == "fail" and call.args and call.args[0].lower().startswith(TO_WRITE)
            for call in self.calls
        )


@dataclass(frozen=True)
class Import:
    """A line of the Settings section that brings something in."""

    kind: Literal["Library", "Resource", "Variables"]
    name: str
    line: int


@dataclass(frozen=True)
class Cell:
    """A piece of data in a Robot file, outside documentation and comments."""

    text: str
    line: int


@dataclass(frozen=True)
class RobotFile:
    """A .robot or .resource file, read."""

    path: Path
    documentation: str
    tags: tuple[str, ...]
    imports: tuple[Import, ...]
    tests: tuple[Definition, ...]
    keywords: tuple[Definition, ...]
    settings_calls: tuple[Call, ...]
    cells: tuple[Cell, ...]
    comments: tuple[Cell, ...]
    variable_scopes: tuple[Cell, ...]
    variables: tuple[Cell, ...]

    @property
    def calls(self) -> Iterator[Call]:
        """Every call in the file, the set-ups and teardowns of its Settings included."""
        yield from self.settings_calls
        for definition in (*self.tests, *self.keywords):
            yield from definition.calls


# Checks compare each call with each keyword, millions of times.
@cache
def plain(name: str) -> str:
    """Return a keyword's name as Robot compares it: `BuiltIn.Should_Be True` -> `shouldbetrue`.

    The library before the dot goes, and so does a leading Given, When, Then, And or But.
    """
    name = re.sub(r"^(?:given|when|then|and|but)\s+", "", name.strip(), flags=re.IGNORECASE)
    head, dot, tail = name.rpartition(".")
    if dot and tail and " " not in head:
        name = tail
    return re.sub(r"[\s_]", "", name).lower()


def sentence_words(text: str) -> list[str]:
    """Return the words of a text: `3__browser` has one, `A Page Is Served` has four."""
    return re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text)


def stage_of(path: Path) -> str:
    """Return the stage that a suite file's name states: `5_1__backup.robot` -> `backup`."""
    return path.stem.rpartition("__")[2]
