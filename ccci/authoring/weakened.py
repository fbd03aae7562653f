"""P7: what weakens a test from below: in the Python of every part, and in scripts."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from ccci.authoring.model import Finding
from ccci.authoring.project import Project
from ccci.authoring.swallowed import hides, skips, swallowed

SKIPPED = "a test passes or fails; what cannot run yet goes to docs/decisions with its reason"
SKIP_OPTIONS = re.compile(r"--(skip|skiponfailure|nostatusrc|noncritical)(?![\w-])", re.IGNORECASE)
# The first opts out of stages; the checks name what they look for.
SKIPPING = (
    "ccci/bridge/session.py",
    "ccci/authoring/forbidden.py",
    "ccci/authoring/swallowed.py",
)
PYTEST_SKIPS = ("pytest.skip", "pytest.xfail", "mark.skip", "mark.xfail")
VERIFY_OFF = re.compile(
    r"verify=(\$\{)?false|ignoreHTTPSErrors|--ignore-certificate-errors(?!-spki-list)"
    r"|\bcurl\b.*\s(-\w*k\b|--insecure\b)",
    re.IGNORECASE,
)


def check_weakened(project: Project) -> Iterator[Finding]:
    """Yield every weakening of a test in Python files, the Makefile and shell scripts."""
    allowed = sleep_allowed(project.root)
    for place in ("ccci", "libraries", "recipes", "lab", "tests"):
        for path in sorted((project.root / place).rglob("*.py")):
            yield from _python(project, path, allowed)
    for path in _scripts(project.root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if VERIFY_OFF.search(line):
                yield project.finding(path, number, unverified(line.strip()))
            if found := SKIP_OPTIONS.search(line):
                yield project.finding(
                    path, number, f"P7: option '{found.group(0)}' is not allowed: {SKIPPED}."
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


def unverified(seen: str) -> str:
    """Return the message for a client that trusts anybody."""
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
    yield from _hidden(project, path, tree)
    sleeps = _sleep_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                yield from _keyword_argument(project, path, keyword)
            called = ast.unparse(node.func)
            ours = relative.startswith(("ccci/", "libraries/", "recipes/"))
            if called in sleeps and ours and relative not in allowed:
                yield project.finding(
                    path,
                    node.lineno,
                    f"P7: '{called}' waits without a condition. Use ccci.waiting, or list the "
                    "module with a reason under [tool.authoring.sleep-allowed] in pyproject.toml.",
                )
        elif isinstance(node, ast.Attribute):
            seen = ast.unparse(node)
            if node.attr in ("CERT_NONE", "_create_unverified_context"):
                yield project.finding(path, node.lineno, unverified(seen))
            if seen.endswith(PYTEST_SKIPS):
                yield project.finding(path, node.lineno, f"P7: '{seen}' is not allowed: {SKIPPED}.")
            if seen.endswith("mark.skipif"):
                # The project's own tests may need more than the machine at hand has.
                message = (
                    f"P7: '{seen}' skips this test on some machines; is the reason still true?"
                )
                yield project.finding(path, node.lineno, message, "warning")


def _hidden(project: Project, path: Path, tree: ast.AST) -> Iterator[Finding]:
    """Yield what hides a failure, by the strict rule in keyword libraries and recipes."""
    relative = project.relative(path)
    strict = relative.startswith(("libraries/", "recipes/"))
    for line, seen in swallowed(tree, strict):
        yield project.finding(path, line, _passed(seen))
    if strict or (relative.startswith("ccci/") and relative not in SKIPPING):
        for line, seen in skips(tree):
            yield project.finding(path, line, f"P7: '{seen}' is not allowed: {SKIPPED}.")
    if relative.startswith("recipes/"):
        for line, seen in hides(tree):
            yield project.finding(path, line, _passed(seen))


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


def _keyword_argument(project: Project, path: Path, keyword: ast.keyword) -> Iterator[Finding]:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    off = keyword.arg in ("verify", "check_hostname") and value is False
    ignored = keyword.arg in ("ignoreHTTPSErrors", "ignore_https_errors") and value is not False
    if off or ignored:
        seen = f"{keyword.arg}={ast.unparse(keyword.value)}"
        yield project.finding(path, keyword.value.lineno, unverified(seen))


def _passed(seen: str) -> str:
    return (
        f"P7: '{seen}' swallows an error. Name the one that is expected and why it may be, or "
        "raise another in its place."
    )
