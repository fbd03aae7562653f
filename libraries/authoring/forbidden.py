"""P7: what weakens a test, in Robot files and in the Python below them."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from authoring.assertions import call_asserts
from authoring.model import Finding, Project, RobotFile, plain
from authoring.vocabulary import Vocabulary, inner_calls

SKIPPED = "a test passes or fails; what cannot run yet goes to docs/DECISIONS.md with its reason"
SWALLOWED = "an error that nobody sees is a promise that nobody keeps; let it fail"
WORDS = {
    "skip": SKIPPED,
    "skipif": SKIPPED,
    "passexecution": SKIPPED,
    "passexecutionif": SKIPPED,
    "runkeywordandignoreerror": SWALLOWED,
    "runkeywordandreturnstatus": SWALLOWED,
    "runkeywordandwarnonfailure": SWALLOWED,
    "sleep": "wait for a condition with a deadline, as `Wait For ...` and `Assert Converges` do",
    "evaluate": "suites hold no Python; make it a library keyword",
    "comment": "delete what is not run",
    "setglobalvariable": "take values as arguments and return them",
    "setsuitevariable": "take values as arguments and return them",
}
SKIP_TAGS = ("robot:skip", "robot:skip-on-failure", "robot:exclude")
SKIP_OPTIONS = re.compile(r"--(skip|skiponfailure|nostatusrc|noncritical)\b", re.IGNORECASE)
PYTEST_SKIPS = ("pytest.skip", "pytest.xfail", "mark.skip", "mark.xfail")
BLOCKS = re.compile(r"(IF|ELSE|FOR|WHILE|TRY|EXCEPT|FINALLY|END|VAR|RETURN|GROUP)(\s{2,}|$)")
SETTINGS = re.compile(r"\[(Tags|Template|Setup|Teardown|Arguments|Documentation|Timeout)\]", re.I)
VERIFY_OFF = re.compile(
    r"verify=(\$\{)?false|ignoreHTTPSErrors|--ignore-certificate-errors(?!-spki-list)"
    r"|\bcurl\b.*\s(-\w*k\b|--insecure\b)",
    re.IGNORECASE,
)


def check_forbidden(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield every weakening of a test, in Robot files, Python files and shell scripts."""
    for file in (*project.suites, *project.resources):
        yield from _words(project, file)
        yield from _swallowed(project, file, vocabulary)
        yield from _commented_out(project, file, vocabulary)
        yield from _cells(project, file)
    allowed = sleep_allowed(project.root)
    for place in ("libraries", "lab", "tests"):
        for path in sorted((project.root / place).rglob("*.py")):
            yield from _python(project, path, allowed)
    for path in _scripts(project.root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if VERIFY_OFF.search(line):
                yield project.finding(path, number, _unverified(line.strip()))
            if found := SKIP_OPTIONS.search(line):
                yield project.finding(
                    path, number, f"P7: option '{found.group(0)}' is not used: {SKIPPED}."
                )


def _scripts(root: Path) -> list[Path]:
    named = [root / "Makefile", root / ".ci" / "run"]
    found = [path for place in ("lab", "tests") for path in (root / place).rglob("*.sh")]
    return [path for path in (*named, *sorted(found)) if path.is_file()]


def sleep_allowed(root: Path) -> dict[str, str]:
    """Read `[tool.authoring.sleep-allowed]` of pyproject.toml: module path to reason."""
    file = root / "pyproject.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    table = content.get("tool", {}).get("authoring", {}).get("sleep-allowed", {})
    return {str(path): str(reason) for path, reason in table.items() if str(reason).strip()}


def _words(project: Project, file: RobotFile) -> Iterator[Finding]:
    for call in file.calls:
        for made in (call, *inner_calls(call)):
            if reason := WORDS.get(plain(made.name)):
                yield project.finding(
                    file.path, made.line, f"P7: '{made.name}' is not used here: {reason}."
                )
    for scope in file.variable_scopes:
        yield project.finding(
            file.path,
            scope.line,
            f"P7: '{scope.text}' makes a global variable: take values as arguments, return them.",
        )


def _swallowed(project: Project, file: RobotFile, vocabulary: Vocabulary) -> Iterator[Finding]:
    for definition in (*file.tests, *file.keywords):
        for handler in definition.handlers:
            if not any(call_asserts(call, file, vocabulary) for call in handler.calls):
                yield project.finding(
                    file.path,
                    handler.line,
                    f"P7: this EXCEPT in '{definition.name}' swallows the error: {SWALLOWED}, or "
                    "assert in the branch what must hold instead.",
                )


def _commented_out(project: Project, file: RobotFile, vocabulary: Vocabulary) -> Iterator[Finding]:
    for comment in file.comments:
        text = comment.text.lstrip("# \t")
        first = re.split(r"\s{2,}|\t", text)[0].rstrip()
        assigned = re.match(r"[$@&]\{[^}]+\}\s*=?(\s{2,}|$)", text)
        if (
            assigned
            or BLOCKS.match(text)
            or SETTINGS.match(text)
            # A word of a table's heading is written small; a keyword is not.
            or (first[:1].isupper() and plain(first) in vocabulary.names)
        ):
            yield project.finding(
                file.path,
                comment.line,
                f"P7: '{comment.text.strip()}' is a commented-out line of a test. Delete it, or "
                "make it run.",
            )


def _cells(project: Project, file: RobotFile) -> Iterator[Finding]:
    for cell in file.cells:
        if cell.text.lower() in SKIP_TAGS:
            yield project.finding(
                file.path, cell.line, f"P7: tag '{cell.text}' is not used: {SKIPPED}."
            )
        if VERIFY_OFF.search(cell.text):
            yield project.finding(file.path, cell.line, _unverified(cell.text))
        if "${{" in cell.text:
            yield project.finding(
                file.path,
                cell.line,
                f"P7: '{cell.text}' is Python in a Robot file. Make it a library keyword.",
            )


def _unverified(seen: str) -> str:
    return (
        f"P7: '{seen}' switches certificate verification off. Trust the server's certificate "
        "authority instead (`ca_bundle` in server.toml)."
    )


def _python(project: Project, path: Path, allowed: dict[str, str]) -> Iterator[Finding]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        yield project.finding(path, error.lineno or 1, f"not valid Python: {error.msg}.")
        return
    relative = project.relative(path)
    sleeps = _sleep_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for word in node.keywords:
                yield from _keyword_argument(project, path, word)
            called = ast.unparse(node.func)
            if called in sleeps and relative.startswith("libraries/") and relative not in allowed:
                yield project.finding(
                    path,
                    node.lineno,
                    f"P7: '{called}' waits without a condition. Use ccci.waiting, or list the "
                    "module with a reason under [tool.authoring.sleep-allowed] in pyproject.toml.",
                )
            if called.endswith("suppress") and any(
                ast.unparse(arg) in ("Exception", "BaseException") for arg in node.args
            ):
                yield project.finding(path, node.lineno, _passed(ast.unparse(node)))
        elif isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            if broad and all(_does_nothing(statement) for statement in node.body):
                yield project.finding(path, node.lineno, _passed("except: pass"))
        elif isinstance(node, ast.Attribute):
            seen = ast.unparse(node)
            if node.attr in ("CERT_NONE", "_create_unverified_context"):
                yield project.finding(path, node.lineno, _unverified(seen))
            if seen.endswith(PYTEST_SKIPS):
                yield project.finding(path, node.lineno, f"P7: '{seen}' is not used: {SKIPPED}.")
            if seen.endswith("mark.skipif"):
                # The project's own tests may need more than the machine at hand has.
                message = f"P7: '{seen}' leaves this test out somewhere; is its reason still true?"
                yield project.finding(path, node.lineno, message, "warning")


def _sleep_names(tree: ast.Module) -> set[str]:
    names = {"time.sleep", "asyncio.sleep"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio"):
            names |= {item.asname or item.name for item in node.names if item.name == "sleep"}
        elif isinstance(node, ast.Import):
            names |= {
                f"{item.asname}.sleep"
                for item in node.names
                if item.name in ("time", "asyncio") and item.asname
            }
    return names


def _keyword_argument(project: Project, path: Path, word: ast.keyword) -> Iterator[Finding]:
    value = word.value.value if isinstance(word.value, ast.Constant) else None
    off = word.arg in ("verify", "check_hostname") and value is False
    ignored = word.arg in ("ignoreHTTPSErrors", "ignore_https_errors") and value is not False
    if off or ignored:
        seen = f"{word.arg}={ast.unparse(word.value)}"
        yield project.finding(path, word.value.lineno, _unverified(seen))


def _passed(seen: str) -> str:
    return f"P7: '{seen}' swallows every error. Name the error that is expected and why it may be."


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
