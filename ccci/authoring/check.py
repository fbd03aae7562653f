"""`make check`: everything that can be known about the project without a server, in seconds."""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ccci.authoring.contract import check_contract
from ccci.authoring.model import Finding

PYTHON_PLACES = ("ccci", "libraries", "recipes", "lab", "tests")
TYPED_PLACES = ("ccci", "libraries", "lab")
ROBOT_PLACES = ("suites", "resources", "recipes")


@dataclass(frozen=True)
class Outcome:
    """What one part found, what it looked at, and how long it took."""

    name: str
    findings: tuple[Finding, ...]
    note: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether anything but a warning was found."""
        return any(finding.kind != "warning" for finding in self.findings)


@dataclass(frozen=True)
class Part:
    """A part of the check. `slow` ones are left out with --fast."""

    name: str
    run: Callable[[Path], tuple[list[Finding], str]]
    slow: bool = False

    def outcome(self, root: Path) -> Outcome:
        """Run it and take the time."""
        begun = time.monotonic()
        findings, note = self.run(root)
        return Outcome(self.name, tuple(findings), note, time.monotonic() - begun)


def ruff_check(root: Path) -> tuple[list[Finding], str]:
    """Ruff's rules over every Python file."""
    done = _run(root, "-m", "ruff", "check", "--output-format=concise", *_there(root))
    findings = _lines(root, done.stdout, r"(?P<path>[^:\n]+):(?P<line>\d+):\d+:? (?P<message>.+)")
    return _or_broken("ruff", done, findings), f"{_count(root, PYTHON_PLACES, '.py')} files"


def ruff_format(root: Path) -> tuple[list[Finding], str]:
    """Ruff's layout over every Python file."""
    done = _run(root, "-m", "ruff", "format", "--check", "--output-format=concise", *_there(root))
    pattern = r"(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?P<message>unformatted.*)"
    findings = [
        replace(found, message="layout differs; run `ruff format`.")
        for found in _lines(root, done.stdout, pattern)
    ]
    return _or_broken("ruff format", done, findings), ""


def mypy(root: Path) -> tuple[list[Finding], str]:
    """Types of the works, the libraries and the lab, strictly."""
    places = [place for place in TYPED_PLACES if _count(root, (place,), ".py")]
    # A recipe's folder is no package (its name may have a hyphen): its modules stand alone.
    places += [str(path) for path in sorted((root / "recipes").glob("*/*.py"))]
    if not places:
        return [], "no files"
    beside = ":".join(str(path) for path in sorted((root / "recipes").glob("*")))
    done = _run(root, "-m", "mypy", "--strict", "--no-color-output", *places, MYPYPATH=beside)
    findings = _lines(root, done.stdout, r"(?P<path>[^:\n]+):(?P<line>\d+): error: (?P<message>.+)")
    return _or_broken("mypy", done, findings), f"{_count(root, TYPED_PLACES, '.py')} files"


def robocop(root: Path) -> tuple[list[Finding], str]:
    """Robocop's rules over every Robot file (the rules stand in pyproject.toml)."""
    places = [place for place in ROBOT_PLACES if (root / place).is_dir()]
    form = "--issue-format={source}:{line}: {rule_id} {desc} ({name})"
    options = ["--reports=file_stats", "--configure=print_issues.output_format=simple", form]
    done = _run(root, "-m", "robocop", "check", *options, *places)
    findings = _lines(root, done.stdout, r"(?P<path>[^:\n]+):(?P<line>\d+): (?P<message>.+)")
    # A selection that is empty by mistake must not pass: robocop itself ends with 0 then.
    checked = re.search(r"Processed (\d+) file", done.stdout)
    if not checked or int(checked.group(1)) == 0:
        findings.append(Finding("suites", 1, "robocop checked no file."))
    return _or_broken("robocop", done, findings), f"{checked.group(1) if checked else 0} files"


def dry_run(root: Path) -> tuple[list[Finding], str]:
    """Every suite, run dry in one process of its own."""
    return _own_part(root, "ccci.authoring.dryrun", "--root", str(root))


def fresh_pages(root: Path) -> tuple[list[Finding], str]:
    """The generated pages are those that `make docs` would write now."""
    return _own_part(root, "ccci.authoring.pages", "--check", "--root", str(root))


def contract(root: Path) -> tuple[list[Finding], str]:
    """P1 to P8, layering and style."""
    return check_contract(root), ""


PARTS = (
    Part("mypy", mypy, slow=True),
    Part("dry-run", dry_run, slow=True),
    Part("keyword and recipe pages", fresh_pages, slow=True),
    Part("contract P1-P8", contract),
    Part("robocop", robocop),
    Part("ruff check", ruff_check),
    Part("ruff format", ruff_format),
)


def check(root: Path, parts: Sequence[Part] = PARTS) -> list[Outcome]:
    """Run the parts beside each other, two at a time, and return the outcomes in their order.

    Example:
        >>> all(not outcome.failed for outcome in check(Path(".")))
        True
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda part: part.outcome(root), parts))


def report(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as lines: one for each part, its findings below it."""
    lines = []
    for outcome in outcomes:
        verdict = "FAIL" if outcome.failed else "ok"
        note = f" ({outcome.note})" if outcome.note else ""
        lines.append(f"{verdict:4} {outcome.name}{note}: {outcome.seconds:.1f} s")
        lines += [f"     {finding}" for finding in outcome.findings]
    return "\n".join(lines)


def _own_part(root: Path, module: str, *args: str) -> tuple[list[Finding], str]:
    done = _run(root, "-m", module, *args)
    pattern = r"(?P<path>[^:\n]+):(?P<line>\d+): (?P<message>.+)"
    note = done.stdout.strip().splitlines()[-1:] if module == "ccci.authoring.dryrun" else []
    return _or_broken(module, done, _lines(root, done.stdout, pattern)), "".join(note)


def _run(root: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _lines(root: Path, text: str, pattern: str) -> list[Finding]:
    return [
        Finding(_relative(root, found["path"]), int(found["line"]), found["message"].strip())
        for found in re.finditer(rf"^{pattern}$", text, re.MULTILINE)
    ]


def _or_broken(
    name: str, done: subprocess.CompletedProcess[str], findings: list[Finding]
) -> list[Finding]:
    """Return the findings, or one that the tool itself failed: no output is no pass."""
    if done.returncode and not findings:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        return [Finding(".", 1, f"{name} ended with {done.returncode}: {last}")]
    return findings


def _relative(root: Path, name: str) -> str:
    path = Path(name.strip())
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _there(root: Path) -> list[str]:
    return [place for place in PYTHON_PLACES if (root / place).is_dir()]


def _count(root: Path, places: Sequence[str], suffix: str) -> int:
    return sum(1 for place in places for _ in (root / place).rglob(f"*{suffix}"))


def main(argv: list[str] | None = None) -> int:
    """Check the project; print one line a part and one a finding; end with 1 on any finding."""
    parser = argparse.ArgumentParser(prog="ccci.authoring.check", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    parser.add_argument("--fast", action="store_true", help="no mypy, dry-run and pages")
    options = parser.parse_args(argv)
    begun = time.monotonic()
    parts = [part for part in PARTS if not (part.slow and options.fast)]
    outcomes = check(options.root.resolve(), parts)
    print(report(outcomes))
    failed = sum(outcome.failed for outcome in outcomes)
    left_out = ", ".join(part.name for part in PARTS if part not in parts)
    print(
        f"check: {len(outcomes) - failed} of {len(outcomes)} parts pass, "
        f"{time.monotonic() - begun:.1f} s" + (f"; left out: {left_out}" if left_out else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
