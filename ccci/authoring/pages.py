"""`make docs`: the keyword pages, what each suite proves step by step, and what was verified.

Everything is written from the sources alone, so that the same sources give the same bytes: times,
line numbers and paths of this machine, which libdoc writes into a page, are left out.
"""

import argparse
import io
import re
import sys
from pathlib import Path
from typing import Any

from robot.libdocpkg import LibraryDocumentation
from robot.libdocpkg.htmlwriter import LibdocHtmlWriter

from ccci.authoring.model import Finding
from ccci.authoring.pins import pinned_files
from ccci.authoring.project import Project
from ccci.authoring.recipe_page import MADE, recipe_page
from ccci.authoring.verified_pages import front_page, recipes_table
from ccci.authoring.vocabulary import Vocabulary


def render(root: Path) -> dict[str, str]:
    """Return every generated page: its path relative to the project's root, and its text."""
    project = Project(root)
    vocabulary = Vocabulary(project)
    pages: dict[str, str] = {}
    # Before the keyword pages: writing those turns the documentation into HTML in place.
    for recipe in project.enrolled:
        pages[f"docs/recipes/{recipe}.md"] = recipe_page(project, vocabulary, recipe)
    pages |= pinned_files(project) | front_page(project)
    pages["docs/recipes/README.md"] = _recipe_index(project)
    pages["docs/keywords/README.md"] = _keyword_index(project, vocabulary)
    for library in vocabulary.libraries:
        pages[f"docs/keywords/{library.path.stem}.html"] = _html(library.spec)
    for resource in project.resources:
        if resource.keywords:
            # The suffix stays: a library may have the same name.
            name = f"docs/keywords/{resource.path.name}.html"
            pages[name] = _html(LibraryDocumentation(str(resource.path)))
    return pages


def stale(root: Path) -> list[Finding]:
    """Return a finding for each kept page that is missing, differs, or has lost its source.

    Markdown and the lists of tests are kept in the repository; HTML is made on demand.
    """
    wanted = render(root)
    findings = []
    for name, text in wanted.items():
        if name.endswith(".html"):
            continue
        path = root / name
        if not path.exists():
            findings.append(Finding(name, 1, "docs: the page is missing; run `make docs`."))
        elif path.read_text(encoding="utf-8") != text:
            line = _first_difference(path.read_text(encoding="utf-8"), text)
            message = "docs: the page is older than its sources; run `make docs`."
            findings.append(Finding(name, line, message))
    for path in _present(root):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".md" and name not in wanted:
            findings.append(Finding(name, 1, "docs: nothing makes this page; run `make docs`."))
    return findings


def write(root: Path) -> tuple[int, int]:
    """Write the pages that changed and remove those without a source.

    Returns:
        How many pages there are, and how many of them were written or removed.
    """
    # The pages tell whether a recipe's tests are those that were verified: the lists come first.
    changed = sum(_write(root / name, text) for name, text in pinned_files(Project(root)).items())
    wanted = render(root)
    changed += sum(_write(root / name, text) for name, text in wanted.items())
    for path in _present(root):
        if path.relative_to(root).as_posix() not in wanted:
            path.unlink()
            changed += 1
    return len(wanted), changed


def _write(path: Path, text: str) -> bool:
    """Write a file that is missing or differs, and return whether it did."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _present(root: Path) -> list[Path]:
    found = [*(root / "docs" / "keywords").glob("*"), *(root / "docs" / "recipes").glob("*")]
    return sorted(path for path in found if path.suffix in (".html", ".md"))


def _first_difference(seen: str, wanted: str) -> int:
    pairs = zip(seen.splitlines(), wanted.splitlines(), strict=False)
    for number, (left, right) in enumerate(pairs, 1):
        if left != right:
            return number
    return 1


def _html(spec: Any) -> str:
    spec.source = None
    spec.lineno = None
    for keyword in (*spec.inits, *spec.keywords):
        keyword.source = None
        keyword.lineno = None
    spec.convert_docs_to_html()
    output = io.StringIO()
    LibdocHtmlWriter().write(spec, output)
    text = re.sub(r'("generated": )"[^"]*"', r'\1"demand (make docs)"', output.getvalue(), count=1)
    # The Python that made a page says nothing of its content.
    text = re.sub(r"(Robot Framework [\d.]+) \(Python [^)]*\)", r"\1", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _keyword_index(project: Project, vocabulary: Vocabulary) -> str:
    lines = [
        MADE,
        "",
        "# Keywords",
        "",
        "Suites import resources; resources bring the libraries. `make docs` also writes an HTML",
        "page for each of them into this folder, with arguments and examples. Git does not keep",
        "those.",
        "",
        "## Resources",
        "",
        "| resource | what it is about | libraries that it brings |",
        "| --- | --- | --- |",
    ]
    known = {library.path.stem: library.path for library in vocabulary.libraries}
    for resource in project.resources:
        brought = [Path(item.name).stem for item in resource.imports if item.kind == "Library"]
        shown = ", ".join(
            _source(project, known[one], one) if one in known else one for one in brought
        )
        name = _source(project, resource.path, resource.path.name)
        lines.append(f"| {name} | {_cell(resource.documentation)} | {shown} |")
    lines += ["", "## Libraries", "", "| library | what it is about |", "| --- | --- |"]
    for library in vocabulary.libraries:
        name = _source(project, library.path, library.path.stem)
        lines.append(f"| {name} | {_cell(library.documentation)} |")
    lines += ["", "## Every keyword", "", "| keyword | in | what it does |", "| --- | --- | --- |"]
    rows = [
        (keyword.name, _source(project, library.path, library.path.stem), keyword.short)
        for library in vocabulary.libraries
        for keyword in library.keywords
    ]
    rows += [
        (keyword.name, _source(project, file.path, file.path.name), keyword.documentation)
        for file in project.resources
        for keyword in file.keywords
    ]
    lines += [
        f"| {_cell(name)} | {place} | {_cell(about)} |" for name, place, about in sorted(rows)
    ]
    return "\n".join(lines) + "\n"


def _source(project: Project, path: Path, name: str) -> str:
    """Return a link from the list of keywords to a source file, which every clone has."""
    return f"[{name}](../../{project.relative(path)})"


def _cell(text: str) -> str:
    """Return the first paragraph of a text, safe in a Markdown table."""
    first = text.strip().split("\n\n")[0]
    return " ".join(first.split()).replace("|", "\\|")


def _recipe_index(project: Project) -> str:
    lines = [MADE, "", "# What each recipe's suite proves, and what was verified", ""]
    lines += recipes_table(project, "")
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write the pages, or with --check say which are not up to date."""
    parser = argparse.ArgumentParser(prog="ccci.authoring.pages", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(argv)
    root = options.root.resolve()
    if options.check:
        findings = stale(root)
        for finding in findings:
            print(finding)
        return 1 if findings else 0
    count, changed = write(root)
    print(f"{count} pages under docs/, {changed} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
