"""Every keyword that the project defines, and which of them a call means."""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from robot.errors import DataError
from robot.libdocpkg import LibraryDocumentation
from robot.running.arguments.embedded import EmbeddedArguments

from ccci.authoring.model import Call, Definition, Finding, RobotFile, plain
from ccci.authoring.project import Project

# Keyword name -> how many of its cells stand before the name of the keyword that it runs.
RUNNERS = {
    "eventually": 0,
    "repeatkeyword": 1,
    "runkeyword": 0,
    "runkeywordandcontinueonfailure": 0,
    "runkeywordandexpecterror": 1,
    "runkeywordandignoreerror": 0,
    "runkeywordandreturn": 0,
    "runkeywordandreturnif": 1,
    "runkeywordandreturnstatus": 0,
    "runkeywordandwarnonfailure": 0,
    "runkeywordif": 1,
    "runkeywordifalltestspassed": 0,
    "runkeywordifanytestsfailed": 0,
    "runkeywordiftestfailed": 0,
    "runkeywordiftestpassed": 0,
    "runkeywordiftimeoutoccurred": 0,
    "runkeywordunless": 1,
    "waituntilkeywordsucceeds": 2,
}


@dataclass(frozen=True)
class LibraryKeyword:
    """A keyword written in Python, as libdoc sees it."""

    name: str
    path: Path
    line: int
    tags: tuple[str, ...]
    documentation: str
    untyped: tuple[str, ...]
    short: str


@dataclass(frozen=True)
class Library:
    """A keyword library. `spec` is libdoc's own object, for the pages."""

    path: Path
    documentation: str
    keywords: tuple[LibraryKeyword, ...]
    spec: Any


def with_inner(calls: Iterable[Call]) -> Iterator[Call]:
    """Yield calls, each followed by those that it runs; see `inner_calls`."""
    for call in calls:
        yield call
        yield from inner_calls(call)


def inner_calls(call: Call) -> Iterator[Call]:
    """Yield what a call runs through keywords that run keywords, at any depth."""
    name = plain(call.name)
    if name == "runkeywords":
        parts: list[list[str]] = [[]]
        for cell in call.args:
            if cell == "AND":
                parts.append([])
            else:
                parts[-1].append(cell)
        if len(parts) == 1:
            parts = [[cell] for cell in call.args]
        found = [Call(part[0], tuple(part[1:]), call.line) for part in parts if part]
    elif name in RUNNERS and len(call.args) > RUNNERS[name]:
        before = RUNNERS[name]
        found = [Call(call.args[before], call.args[before + 1 :], call.line)]
    else:
        found = []
    for inner in found:
        yield inner
        yield from inner_calls(inner)


class Vocabulary:
    """Looks a call's keyword up: the file's own first, then its resources, then everywhere.

    "Everywhere" is there for the generic stages, which call keywords that each recipe defines: a
    call that is not settled by imports means every keyword of that name in the project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._files = {file.path.resolve(): file for file in project.resources}
        # What was found before: checks ask for the same calls in the same files again and again.
        self._imported: dict[Path, tuple[RobotFile, ...]] = {}
        self._user_keywords: dict[tuple[str, Path | None], tuple[Definition, ...]] = {}
        self._library_keyword: dict[str, LibraryKeyword | None] = {}

    @cached_property
    def _loaded(self) -> tuple[tuple[Library, ...], tuple[Finding, ...]]:
        libraries: list[Library] = []
        findings: list[Finding] = []
        for path in self.project.libraries:
            try:
                libraries.append(load_library(path))
            except DataError as error:
                reason = str(error).splitlines()[0]
                findings.append(
                    self.project.finding(path, 1, f"libdoc cannot read this library: {reason}")
                )
        return tuple(libraries), tuple(findings)

    @property
    def libraries(self) -> tuple[Library, ...]:
        """The project's keyword libraries; modules without a keyword are left out."""
        return tuple(library for library in self._loaded[0] if library.keywords)

    @property
    def unreadable(self) -> tuple[Finding, ...]:
        """A finding for each library that cannot be imported."""
        return self._loaded[1]

    @cached_property
    def _library_keywords(self) -> tuple[LibraryKeyword, ...]:
        return tuple(keyword for library in self.libraries for keyword in library.keywords)

    @cached_property
    def names(self) -> set[str]:
        """The plain name of every keyword of the project, and of Robot's own BuiltIn."""
        own = {plain(keyword.name) for keyword in self._library_keywords}
        own |= {plain(keyword.name) for file in self.project.resources for keyword in file.keywords}
        own |= {plain(keyword.name) for file in self.project.suites for keyword in file.keywords}
        return own | _builtin_names()

    def imported(self, file: RobotFile) -> tuple[RobotFile, ...]:
        """Return the resource files that a file imports, directly or through others."""
        if file.path not in self._imported:
            self._imported[file.path] = self._imports_of(file)
        return self._imported[file.path]

    def _imports_of(self, file: RobotFile) -> tuple[RobotFile, ...]:
        found: list[RobotFile] = []
        waiting = [file]
        while waiting:
            current = waiting.pop()
            for item in current.imports:
                target = self._resolve(current.path, item.name) if item.kind == "Resource" else None
                if target is not None and target not in found and target is not file:
                    found.append(target)
                    waiting.append(target)
        return tuple(found)

    def _resolve(self, importer: Path, name: str) -> RobotFile | None:
        name = name.replace("${CURDIR}/", "").replace("${/}", "/")
        if "{" in name:
            return None
        places = [importer.parent]
        places += [self.project.root / place for place in ("resources", "recipes", "libraries")]
        places.append(self.project.root / "recipes" / Path(name).stem)
        for place in places:
            if (file := self._files.get((place / name).resolve())) is not None:
                return file
        return None

    def user_keywords(self, call: Call, file: RobotFile | None) -> tuple[Definition, ...]:
        """Return the keywords, made of keywords, that a call in `file` can mean."""
        key = (call.name, file.path if file else None)
        if key not in self._user_keywords:
            self._user_keywords[key] = self._meant_by(call, file)
        return self._user_keywords[key]

    def _meant_by(self, call: Call, file: RobotFile | None) -> tuple[Definition, ...]:
        scopes: list[tuple[RobotFile, ...]] = []
        if file is not None:
            scopes = [(file,), self.imported(file)]
        for scope in (*scopes, self.project.resources):
            found = [
                keyword
                for item in scope
                for keyword in item.keywords
                if _means(call.name, keyword.name)
            ]
            if found:
                return tuple(found)
        return ()

    def library_keyword(self, call: Call) -> LibraryKeyword | None:
        """Return the project's own library keyword that a call means, if it is one."""
        if call.name not in self._library_keyword:
            meant = (one for one in self._library_keywords if _means(call.name, one.name))
            self._library_keyword[call.name] = next(meant, None)
        return self._library_keyword[call.name]

    def file_of(self, definition: Definition) -> RobotFile | None:
        """Return the resource that holds a keyword, None for one that lives in a suite."""
        return self._files.get(definition.path.resolve())


@cache
def _builtin_names() -> frozenset[str]:
    return frozenset(plain(keyword.name) for keyword in LibraryDocumentation("BuiltIn").keywords)


def load_library(path: Path) -> Library:
    """Read a library through libdoc.

    Raises:
        robot.errors.DataError: the module cannot be imported.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        spec = LibraryDocumentation(str(path))
    keywords = tuple(
        LibraryKeyword(
            name=keyword.name,
            path=Path(keyword.source or path),
            line=keyword.lineno or 1,
            tags=tuple(str(tag) for tag in keyword.tags),
            documentation=keyword.doc,
            untyped=tuple(arg.name for arg in keyword.args if arg.name and not arg.type),
            short=keyword.short_doc,
        )
        for keyword in spec.keywords
    )
    return Library(path, spec.doc, keywords, spec)


def _means(called: str, defined: str) -> bool:
    if "${" in defined:
        bare = re.sub(r"^(?:given|when|then|and|but)\s+", "", called, flags=re.IGNORECASE)
        return bool(EmbeddedArguments.from_name(defined).matches(bare))
    return plain(called) == plain(defined)
