"""One log, report and xunit of a matrix, in which what has no results stands as a failed test.

Robot and pabot leave a process that was killed out of their reports, and call the rest passed.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from robot.api import ExecutionResult
from robot.errors import DataError
from robot.rebot import rebot
from robot.result import Result, TestSuite

OUTPUT = "output.xml"
# Robot's name of the folder suites/, which stands above the recipes.
ROOT = "Suites"


def suite_name(recipe: str) -> str:
    """Return Robot's name of a recipe's folder.

    Example:
        >>> suite_name("n8n")
        'N8N'
    """
    return str(TestSuite.name_from_source(Path(recipe)))


def join(folder: Path, outputs: Iterable[Path], reasons: Mapping[str, str]) -> list[str]:
    """Write output.xml, log.html, report.html and xunit.xml of several outputs.

    Args:
        folder: where they are written.
        outputs: what Robot wrote, with `Suites` at its top; one that is not there, or was cut off,
            adds nothing.
        reasons: each recipe that must be in it, and what is said of it where it is not.

    Returns:
        the recipes that were in none of the outputs.
    """
    root = TestSuite(name=ROOT)
    for path in outputs:
        for suite in _recipes_in(path):
            root.suites.append(suite)
    there = {suite.name for suite in root.suites}
    absent = [recipe for recipe in reasons if suite_name(recipe) not in there]
    for recipe in absent:
        suite = root.suites.create(name=suite_name(recipe))
        suite.tests.create(
            name="The Run Should Have Come To Its End",
            status="FAIL",
            message=reasons[recipe] or "there is no output of this run",
        )
    folder.mkdir(parents=True, exist_ok=True)
    Result(suite=root).save(str(folder / OUTPUT))
    rebot(
        str(folder / OUTPUT), outputdir=str(folder), log="log.html", report="report.html",
        xunit="xunit.xml", stdout=io.StringIO(),
    )  # fmt: skip
    return absent


def _recipes_in(path: Path) -> list[TestSuite]:
    try:
        root = ExecutionResult(str(path)).suite
    except DataError:
        return []
    # What a run tells of itself stands at its top, which all of them share from now on.
    for suite in root.suites:
        suite.metadata.update(root.metadata)
    return list(root.suites)
