"""Reads a suite or resource by Robot's own parser into the frozen values of model.py."""

from pathlib import Path
from typing import Any

from robot.api import get_init_model, get_model, get_resource_model

from ccci.authoring.model import Call, Cell, Definition, Handler, Import, RobotFile


def read_robot_file(path: Path) -> RobotFile:
    """Read a suite, an `__init__.robot` or a resource file by Robot's own parser."""
    return _FileReader(path).read(syntax_tree(path))


def syntax_tree(path: Path) -> Any:
    """Return what Robot's own parser makes of a suite, an `__init__.robot` or a resource file."""
    if path.suffix == ".resource":
        return get_resource_model(str(path))
    if path.stem == "__init__":
        return get_init_model(str(path))
    return get_model(str(path))


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
