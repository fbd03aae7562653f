"""What a finished run says, as far as it may be told outside: texts only from cleared files."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from pydantic import TypeAdapter

from ccci.loop import gate
from ccci.results.store import RESULTS_FILE, RunResults, Verdict, was_cut_off
from ccci.stage_names import STAGES

XUNIT_FILE = "xunit.xml"
_LARGEST_XUNIT_BYTES = 32 << 20


class NotReadable(Exception):
    """A report is not what Robot writes, and nothing is taken from it."""


@dataclass(frozen=True)
class FailedTest:
    """A test that did not pass: its stage (or ""), its name, and the line of its message."""

    stage: str
    name: str
    message: str


@dataclass(frozen=True)
class Findings:
    """What a run's folder says.

    Attributes:
        verdict: of the run; *incomplete* where the folder says nothing, or is of another commit.
        reason: why it is incomplete, or "".
        results: what stands in results.json; None where nothing does.
        failed: the tests that did not pass.
        told: results.json is cleared, so that its texts may be quoted.
        withheld: why some texts are not quoted, or "".
    """

    verdict: Verdict
    reason: str = ""
    results: RunResults | None = None
    failed: tuple[FailedTest, ...] = ()
    told: bool = False
    withheld: str = ""


def findings_in(folder: Path | None, commit: str) -> Findings:
    """Return what a finished run says about a commit.

    Args:
        folder: the folder of its results; None where there is none.
        commit: the full hash that was to be tested.

    Example:
        >>> findings_in(Path("results/custom-html/latest"), "75826ae...").verdict
        'passed'
    """
    results = _results_in(folder) if folder else None
    if folder is None or results is None:
        return Findings("incomplete", "the run left no results")
    if results.facts.head and results.facts.head != commit:
        return Findings("incomplete", "the results are those of another commit")
    may = gate.cleared(folder)
    told = may.holds("results.json")
    reason = results.reason if told or was_cut_off(results) else ""
    failed: tuple[FailedTest, ...] = ()
    withheld = "" if told and may.holds(XUNIT_FILE) else may.reason
    if may.holds(XUNIT_FILE):
        try:
            failed = failed_tests(folder / XUNIT_FILE)
        except (OSError, NotReadable) as error:
            withheld = f"{XUNIT_FILE}: {error}."
    return Findings(results.verdict, reason, results, failed, told, withheld)


def _results_in(folder: Path) -> RunResults | None:
    try:
        return TypeAdapter(RunResults).validate_json((folder / RESULTS_FILE).read_bytes())
    except (OSError, ValueError):
        return None


@dataclass
class _Reading:
    """The tests of an xunit.xml, as its reader comes past them."""

    failed: list[FailedTest] = field(default_factory=list)
    _test: dict[str, str] = field(default_factory=dict)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            self._test = attributes
        elif name in ("failure", "error") and self._test:
            stage = _stage_of(self._test.get("classname", ""))
            message = _telling_line(attributes.get("message", ""))
            self.failed.append(FailedTest(stage, self._test.get("name", ""), message))

    def end(self, name: str) -> None:
        if name == "testcase":
            self._test = {}


def failed_tests(path: Path) -> tuple[FailedTest, ...]:
    """Return the tests that did not pass, in the order of an xunit.xml.

    Raises:
        NotReadable: it is too large, no XML, or declares a document type: only that could declare
            entities, which grow without bound or read other files.
        OSError: it cannot be read.

    Example:
        >>> failed_tests(Path("results/custom-html/latest/xunit.xml"))
        ()
    """
    if path.stat().st_size > _LARGEST_XUNIT_BYTES:
        raise NotReadable("it is too large")
    reading, reader = _Reading(), expat.ParserCreate()
    reader.StartElementHandler, reader.EndElementHandler = reading.begin, reading.end
    reader.StartDoctypeDeclHandler = _refused
    try:
        reader.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise NotReadable(f"it is no XML: {error}") from error
    return tuple(reading.failed)


def _refused(*_: object) -> None:
    raise NotReadable("it declares a document type")


def _stage_of(class_name: str) -> str:
    # The first part is the recipe's folder, and may be named like a stage.
    words = [part.split(" ")[0].lower() for part in class_name.split(".")[1:]]
    return next((word for word in words if word in STAGES), "")


def _telling_line(message: str) -> str:
    """Return the first line of a message that says something of its own."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Parent suite") and lines[0].endswith("failed:"):
        return lines[1]
    return lines[0] if lines else ""
