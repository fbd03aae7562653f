"""Dry-run of every suite in one process: unknown keywords, wrong arguments, failed imports."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from robot.api import TestSuite

from ccci.authoring.model import Finding


class Listener:
    """Collects, with file and line, what a dry-run finds wrong."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, root: Path) -> None:
        self.root = root
        self.findings: list[Finding] = []
        self.tests = 0
        self._failed_below: list[bool] = []
        self._seen_in_test = False

    def start_keyword(self, data: Any, result: Any) -> None:
        """Robot calls this before each keyword."""
        self._failed_below.append(False)

    def end_keyword(self, data: Any, result: Any) -> None:
        """Robot calls this after each keyword; only the innermost failure is a finding."""
        below = self._failed_below.pop()
        if result.status != "FAIL":
            return
        if not below:
            self._add(getattr(data, "source", None), getattr(data, "lineno", None), result.message)
        if self._failed_below:
            self._failed_below[-1] = True
        self._seen_in_test = True

    def start_test(self, data: Any, result: Any) -> None:
        """Robot calls this before each test."""
        self.tests += 1
        self._seen_in_test = False

    def end_test(self, data: Any, result: Any) -> None:
        """Robot calls this after each test; one that failed by itself is a finding."""
        consequence = result.message.startswith("Parent suite setup failed")
        if result.status == "FAIL" and not self._seen_in_test and not consequence:
            self._add(data.source, data.lineno, result.message)

    def message(self, message: Any) -> None:
        """Robot calls this for its own messages; failed imports come this way."""
        if message.level != "ERROR":
            return
        at = re.match(r"Error in file '(.+?)' on line (\d+): (.*)", message.message, re.DOTALL)
        if at:
            self._add(at.group(1), int(at.group(2)), at.group(3))
        else:
            self._add(None, None, message.message)

    def _add(self, source: Any, line: int | None, text: str) -> None:
        first = text.strip().splitlines()[0] if text.strip() else "fails without a message."
        path = Path(source or self.root / "suites").resolve()
        if source and path.is_dir():
            # A folder's set-up and teardown stand in its __init__.robot.
            path = (path / "__init__.robot").resolve()
        name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path
        self.findings.append(Finding(str(name), line or 1, f"dry-run: {first}"))


def dry_run(root: Path) -> tuple[list[Finding], int]:
    """Dry-run `suites/` and return the findings and the number of tests seen.

    Example:
        >>> dry_run(Path("."))
        ([], 42)
    """
    listener = Listener(root)
    suite = TestSuite.from_file_system(root / "suites")
    suite.run(
        dryrun=True,
        output=None,
        log=None,
        report=None,
        console="none",
        listener=listener,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    return sorted(set(listener.findings)), listener.tests


def main(argv: list[str] | None = None) -> int:
    """Print what the dry-run found, the number of tests last."""
    parser = argparse.ArgumentParser(prog="ccci.authoring.dryrun", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    root = parser.parse_args(argv).root.resolve()
    places = [str(root / place) for place in ("libraries", "resources", "recipes")]
    sys.path[:0] = [place for place in places if place not in sys.path]
    findings, tests = dry_run(root)
    for finding in findings:
        print(finding)
    print(f"{tests} tests")
    return 1 if findings or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
