"""At the end of a run of the project's tests: how long each file took."""

from collections import defaultdict

import pytest

LEAST_SECONDS = 5.0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the files that took their time, the longest first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    slow = sorted(
        ((took, file) for file, took in seconds.items() if took >= LEAST_SECONDS), reverse=True
    )
    if slow:
        terminalreporter.write_sep("=", f"files that took {LEAST_SECONDS:.0f} s or more")
        for took, file in slow:
            terminalreporter.write_line(f"{took:8.0f} s  {file}")
