"""The project as the checks see it: findings, Robot files as frozen values, where things lie."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from robot.api import get_init_model, get_model, get_resource_model

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


def read_robot_file(path: Path) -> RobotFile:
    """Read a suite, an `__init__.robot` or a resource file by Robot's own parser."""
    if path.suffix == ".resource":
        tree = get_resource_model(str(path))
    elif path.stem == "__init__":
        tree = get_init_model(str(path))
    else:
        tree = get_model(str(path))
    return _FileReader(path).read(tree)


class _FileReader:
    """Walks Robot's syntax tree once. One class because every branch fills the same lists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: dict[str, tuple[str, ...]] = {}
        self.imports: list[Import] = []
        self.tests: list[Definition] = []
        self.keywords: list[Definition] = []
        self.settings_calls: list[Call] = []
        self.cells: list[Cell] = []
        self.comments: list[Cell] = []
        self.scopes: list[Cell] = []
        self.variables: list[Cell] = []

    def read(self, tree: Any) -> RobotFile:
        for section in tree.sections:
            kind = type(section).__name__
            for node in section.body:
                if kind in ("TestCaseSection", "KeywordSection") and hasattr(node, "body"):
                    self._definition(node, is_test=kind == "TestCaseSection")
                elif kind == "CommentSection":
                    self._tokens(node, data=False)
                else:
                    self._setting(node)
        return RobotFile(
            path=self.path,
            documentation=" ".join(self.settings.get("Documentation", ())),
            tags=self.settings.get("TestTags", ()),
            imports=tuple(self.imports),
            tests=tuple(self.tests),
            keywords=tuple(self.keywords),
            settings_calls=tuple(self.settings_calls),
            cells=tuple(self.cells),
            comments=tuple(self.comments),
            variable_scopes=tuple(self.scopes),
            variables=tuple(self.variables),
        )

    def _setting(self, node: Any) -> None:
        kind = type(node).__name__
        if kind in ("LibraryImport", "ResourceImport", "VariablesImport"):
            imported: Any = kind.removesuffix("Import")
            self.imports.append(Import(imported, node.name or "", node.lineno))
        elif kind == "Documentation":
            self.settings[kind] = (node.value,)
        elif kind == "TestTags":
            self.settings[kind] = tuple(node.values)
        elif kind in ("SuiteSetup", "SuiteTeardown", "TestSetup", "TestTeardown"):
            self.settings_calls.append(Call(node.name or "", tuple(node.args), node.lineno))
        elif kind == "TestTemplate":
            self.settings[kind] = (node.value or "",)
        elif kind == "Variable":
            text = "    ".join((node.name or "", *node.value))
            self.variables.append(Cell(text, node.lineno))
        self._tokens(node, data=kind not in ("Documentation", "LibraryImport", "ResourceImport"))

    def _definition(self, node: Any, *, is_test: bool) -> None:
        template = (self.settings.get("TestTemplate", ("",))[0] or None) if is_test else None
        tags: tuple[str, ...] = ()
        documentation = ""
        for item in node.body:
            kind = type(item).__name__
            if kind == "Template":
                template = None if (item.value or "").upper() == "NONE" else item.value
            elif kind == "Tags":
                tags = tuple(item.values)
            elif kind == "Documentation":
                documentation = item.value
        calls: list[Call] = []
        handlers: list[Handler] = []
        self._walk(node.body, template, calls, handlers)
        definition = Definition(
            name=node.name,
            path=self.path,
            line=node.lineno,
            calls=tuple(calls),
            handlers=tuple(handlers),
            tags=tags,
            documentation=documentation,
            template=template,
            length=sum(1 for item in node.body if _is_step(item)),
        )
        (self.tests if is_test else self.keywords).append(definition)

    def _walk(
        self, body: Any, template: str | None, calls: list[Call], handlers: list[Handler]
    ) -> None:
        for item in body:
            kind = type(item).__name__
            if kind == "KeywordCall":
                calls.append(Call(item.keyword or "", tuple(item.args), item.lineno))
            elif kind == "TemplateArguments":
                calls.append(Call(template or "", tuple(item.args), item.lineno))
            elif kind in ("Setup", "Teardown"):
                calls.append(Call(item.name or "", tuple(item.args), item.lineno))
            elif kind == "Var" and (item.scope or "LOCAL").upper() not in ("LOCAL", "TEST"):
                self.scopes.append(Cell(f"VAR scope={item.scope}", item.lineno))
            if hasattr(item, "body"):
                inner: list[Call] = []
                self._walk(item.body, template, inner, handlers)
                calls += inner
                if kind == "Try" and getattr(item, "type", "") == "EXCEPT":
                    handlers.append(Handler(item.lineno, tuple(inner)))
                if (
                    rest := getattr(item, "orelse", None) or getattr(item, "next", None)
                ) is not None:
                    self._walk([rest], template, calls, handlers)
                if (header := getattr(item, "header", None)) is not None:
                    self._tokens(header, data=True)
            else:
                self._tokens(item, data=kind not in ("Documentation",))

    def _tokens(self, node: Any, *, data: bool) -> None:
        for token in getattr(node, "tokens", ()):
            if token.type == "COMMENT":
                self._comment(token.value, token.lineno)
            elif data and token.type in ("ARGUMENT", "NAME", "OPTION"):
                self.cells.append(Cell(token.value, token.lineno))

    def _comment(self, text: str, line: int) -> None:
        """Put the cells of a commented line together again: Robot splits them too."""
        if self.comments and self.comments[-1].line == line:
            text = f"{self.comments.pop().text}    {text}"
        self.comments.append(Cell(text, line))


def _is_step(item: Any) -> bool:
    return type(item).__name__ not in (
        "Documentation",
        "Tags",
        "Template",
        "Comment",
        "EmptyLine",
        "Arguments",
        "Timeout",
    )


@dataclass(frozen=True)
class Project:
    """Where the parts of a project lie, each Robot file read once."""

    root: Path

    def relative(self, path: Path) -> str:
        """Return a path as messages name it. A link keeps its own name."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def finding(self, path: Path, line: int, message: str, kind: Kind = "error") -> Finding:
        """Return a finding in a file of this project."""
        return Finding(self.relative(path), line, message, kind)

    @cached_property
    def enrolled(self) -> tuple[str, ...]:
        """Names of the recipes that have a folder under recipes/."""
        return _folders(self.root / "recipes")

    @cached_property
    def suite_folders(self) -> tuple[str, ...]:
        """Names of the folders under suites/, the generic one left out."""
        return tuple(name for name in _folders(self.root / "suites") if name != "generic")

    @cached_property
    def generic_files(self) -> tuple[Path, ...]:
        """The files of the generic stages."""
        return tuple(sorted((self.root / "suites" / "generic").glob("*.robot")))

    @cached_property
    def suites(self) -> tuple[RobotFile, ...]:
        """Every suite file that is no link: the generic ones once, and each recipe's own."""
        found = sorted((self.root / "suites").rglob("*.robot"))
        return tuple(read_robot_file(path) for path in found if not path.is_symlink())

    @cached_property
    def resources(self) -> tuple[RobotFile, ...]:
        """Every resource file, the shared and those of the recipes."""
        return tuple(
            read_robot_file(path)
            for place in ("resources", "recipes")
            for path in sorted((self.root / place).rglob("*.resource"))
        )

    @cached_property
    def libraries(self) -> tuple[Path, ...]:
        """The keyword libraries' modules."""
        return tuple(sorted((self.root / "libraries").glob("*.py")))

    def own_suites(self, recipe: str) -> tuple[RobotFile, ...]:
        """The recipe's own suite files, links left out."""
        folder = self.root / "suites" / recipe
        return tuple(file for file in self.suites if file.path.parent == folder)

    def recipe_file(self, recipe: str, name: str) -> Path:
        """The path of a file beside recipe.toml."""
        return self.root / "recipes" / recipe / name


def stage_of(path: Path) -> str:
    """Return the stage that a suite file's name states: `5_1__backup.robot` -> `backup`."""
    return path.stem.rpartition("__")[2]


def _folders(place: Path) -> tuple[str, ...]:
    if not place.is_dir():
        return ()
    names = (item.name for item in place.iterdir() if item.is_dir())
    return tuple(sorted(name for name in names if not name.startswith((".", "_"))))
