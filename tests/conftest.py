"""Where tests run that several workers share; and, at the end, how long each file took."""

from collections import defaultdict
from pathlib import Path

import pytest

LAB = Path(__file__).parent / "lab"
LEAST_SECONDS = 5.0


# First, since pytest-xdist reads the groups at this moment too.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`, let one worker have the tests that use the lab.

    They look at what is on the node before and after, and would take each other's for left over.
    Those that are `side_by_side` do not, and nobody takes what belongs to a run for left over.
    """
    for item in items:
        if item.path.is_relative_to(LAB) and not item.get_closest_marker("side_by_side"):
            item.add_marker(pytest.mark.xdist_group("lab"))


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
