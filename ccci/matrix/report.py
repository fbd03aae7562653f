"""One log, report and xunit file for a matrix; a recipe without results is a failed test in them.

Robot and pabot omit a process that was killed from their reports, which then say *passed*.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from robot.api import ExecutionResult
from robot.errors import DataError
from robot.rebot import rebot
from robot.result import Result, TestSuite

from ccci.bridge.plain_log import PlainLog, restrict_pages
from ccci.results.modes import closed_folder

OUTPUT = "output.xml"
# Robot's name for the folder suites/, the parent of the recipes.
ROOT = "Suites"


def suite_name(recipe: str) -> str:
    """Return Robot's name for a recipe's folder.

    Example:
        >>> suite_name("n8n")
        'N8N'
    """
    return str(TestSuite.name_from_source(Path(recipe)))


def join(folder: Path, outputs: Iterable[Path], reasons: Mapping[str, str]) -> list[str]:
    """Write output.xml, log.html, report.html and xunit.xml from several outputs.

    Args:
        folder: where they are written.
        outputs: outputs of Robot with the top suite `Suites`; those that are missing or were cut
            off are ignored.
        reasons: each recipe that must be in the report, to the message for the failed test if its
            output is missing.

    Returns:
        the recipes whose output is missing.
    """
    root = TestSuite(name=ROOT)
    for path in outputs:
        for suite in _recipes_in(path):
            root.suites.append(suite)
    present = {suite.name for suite in root.suites}
    absent = [recipe for recipe in reasons if suite_name(recipe) not in present]
    for recipe in absent:
        suite = root.suites.create(name=suite_name(recipe))
        suite.tests.create(
            name="The Run Should Finish",
            status="FAIL",
            message=reasons[recipe] or "its output.xml is missing",
        )
    closed_folder(folder)
    result = Result(suite=root)
    # The reasons are texts from outside, too.
    result.visit(PlainLog())
    result.save(str(folder / OUTPUT))
    rebot(
        str(folder / OUTPUT), outputdir=str(folder), log="log.html", report="report.html",
        xunit="xunit.xml", stdout=io.StringIO(),
    )  # fmt: skip
    restrict_pages(folder)
    return absent


def _recipes_in(path: Path) -> list[TestSuite]:
    try:
        root = ExecutionResult(str(path)).suite
    except DataError:
        return []
    # The metadata of a run are those of the top suite, which all runs share in the joined report.
    for suite in root.suites:
        suite.metadata.update(root.metadata)
    return list(root.suites)
