"""P8 and the keyword libraries: what must be written down, and links that lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ccci.authoring.model import Finding
from ccci.authoring.project import Project
from ccci.authoring.recipes import REQUIRED_KEYWORDS
from ccci.authoring.vocabulary import LibraryKeyword, Vocabulary
from ccci.recipe.companions import CompanionConfig, OwnShare
from ccci.recipe.config import Approved, Browser, RecipeConfig, Sso
from ccci.recipe.tables import Database, Names, SignIn, Wiring

ENROLL = "docs/enroll-recipe.md"
# The tables of recipe.toml, and of a companion's, whose keys that page explains.
TABLES = (Sso, Browser, Approved, Names, Database, SignIn, Wiring, CompanionConfig, OwnShare)


def check_documentation(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield gaps in the enrolment guide, broken links, and keywords that explain too little."""
    yield from _enrolment(project)
    yield from _links(project)
    yield from vocabulary.unreadable
    for library in vocabulary.libraries:
        if not library.documentation.strip():
            yield project.finding(
                library.path,
                1,
                "docs: the library has no docstring; say what its keywords are for.",
            )
        for keyword in library.keywords:
            yield from _keyword(project, keyword)


def _enrolment(project: Project) -> Iterator[Finding]:
    path = project.root / ENROLL
    if not path.exists():
        yield project.finding(path, 1, "P8: missing; it states the contract and walks through one.")
        return
    text = path.read_text(encoding="utf-8")
    keys = [
        *RecipeConfig.model_fields,
        *(key for table in TABLES for key in table.model_fields),
    ]
    for key in keys:
        if not re.search(rf"\b{re.escape(key)}\b", text):
            yield project.finding(
                path, 1, f"P8: the recipe.toml key '{key}' is not explained here."
            )
    for keyword in REQUIRED_KEYWORDS:
        if keyword not in text:
            yield project.finding(
                path, 1, f"P8: the keyword '{keyword}', which every recipe defines, is not here."
            )


def _links(project: Project) -> Iterator[Finding]:
    files = [project.root / "README.md", *sorted((project.root / "docs").rglob("*.md"))]
    for path in files:
        if not path.exists():
            yield project.finding(path, 1, "P8: missing.")
            continue
        fenced = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", line):
                yield from _link(project, path, number, target)


def _link(project: Project, path: Path, number: int, target: str) -> Iterator[Finding]:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return
    file_part, _, anchor = target.partition("#")
    file = (path.parent / file_part).resolve() if file_part else path
    if not file.exists():
        yield project.finding(
            path, number, f"P8: the link '{target}' leads to no file. Mend or remove it."
        )
    elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
        yield project.finding(
            path, number, f"P8: the link '{target}' leads to no heading of {file.name}."
        )


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+\s+(.+?)\s*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _keyword(project: Project, keyword: LibraryKeyword) -> Iterator[Finding]:
    for name in keyword.untyped:
        yield project.finding(
            keyword.path,
            keyword.line,
            f"docs: argument '{name}' of keyword '{keyword.name}' has no type; annotate it, so "
            "that Robot converts and the pages show it.",
        )
    if not _returns_typed(keyword):
        yield project.finding(
            keyword.path,
            keyword.line,
            f"docs: keyword '{keyword.name}' states no return type; add `-> ...`.",
        )
    if not keyword.documentation.strip():
        yield project.finding(
            keyword.path,
            keyword.line,
            f"docs: keyword '{keyword.name}' has no docstring; expected a sentence, when it fails, "
            "and an example.",
        )
        return
    for missing in _missing_parts(keyword):
        yield project.finding(
            keyword.path, keyword.line, f"docs: keyword '{keyword.name}': {missing}."
        )


def _missing_parts(keyword: LibraryKeyword) -> Iterator[str]:
    first = keyword.documentation.strip().splitlines()[0].strip()
    if not first.endswith((".", "!", "?")):
        yield f"the first line '{first}' is not a sentence; end it with a full stop on that line"
    if not re.search(r"\b(fails?|raises?|never fails)\b", keyword.documentation, re.IGNORECASE):
        yield "the docstring does not say when it fails ('Fails when ...')"
    if not re.search(r"\bExamples?\b", keyword.documentation):
        yield "the docstring has no Example"
    promises = re.search(r"\b(should|must|assert)\b", keyword.name, re.IGNORECASE)
    if promises and "assertion" not in keyword.tags:
        yield "it asserts by its name; tag it 'assertion'"


def _returns_typed(keyword: LibraryKeyword) -> bool:
    """Look the function up in its source: libdoc cannot tell `-> None` from no annotation."""
    if keyword.path.suffix != ".py" or not keyword.path.exists():
        return True
    for node in ast.walk(ast.parse(keyword.path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno == keyword.line:
            return node.returns is not None
    return True
