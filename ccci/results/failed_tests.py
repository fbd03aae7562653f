"""The tests of a run that did not pass, read from Robot's xunit.xml and grouped by their cause."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ccci.errors import SKIPPED
from ccci.results.reasons import cause_of, not_begun_by
from ccci.stage_names import STAGES

_LARGEST_XUNIT_BYTES = 32 << 20
# Lines with which Robot introduces a message; the message itself is on the lines below.
_INTRODUCTION = re.compile(
    r"(?:Parent suite (?:setup|teardown)|Setup|Teardown) failed:|Several failures occurred:"
)
_SETUP_FAILED = "Parent suite setup failed:"
_SETUP = "the suite setup failed"
_RUN_ENDED = "an earlier failure ended the run"
_SKIPPED = re.compile(rf"{re.escape(SKIPPED)}(?P<earlier>.+? failed)(?::|$)")


class NotReadable(Exception):
    """An xunit.xml is not as Robot writes it, so none of it is used."""


@dataclass(frozen=True)
class FailedTest:
    """A test that did not pass.

    Attributes:
        stage: its stage, or "".
        name: its name.
        message: its message as one line.
        skipped_because: the earlier failure because of which it did not run; "" if it ran.
    """

    stage: str
    name: str
    message: str
    skipped_because: str = ""


@dataclass(frozen=True)
class Failure:
    """One entry in the list of failures: a test that failed, or tests that did not run.

    Attributes:
        stage: the stage of the tests, or "".
        names: the names of the tests; several only where they did not run.
        message: the message of the test that failed.
        skipped_because: the earlier failure because of which the tests did not run, or "".
    """

    stage: str
    names: tuple[str, ...]
    message: str
    skipped_because: str = ""


def failed_tests(path: Path) -> tuple[FailedTest, ...]:
    """Return the tests that did not pass, in the order of an xunit.xml.

    Raises:
        NotReadable: it is too large, is not XML, or declares a document type. Only a document
            type can declare entities, which grow without limit or read other files.
        OSError: it cannot be read.

    Example:
        >>> failed_tests(Path("results/custom-html/latest/xunit.xml"))
        ()
    """
    if path.stat().st_size > _LARGEST_XUNIT_BYTES:
        raise NotReadable("it is too large")
    reading, parser = _Reading(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reading.begin, reading.end
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise NotReadable(f"it is not XML: {error}") from error
    return tuple(reading.failed)


def grouped(tests: Iterable[FailedTest]) -> list[Failure]:
    """Return one entry for each test that failed, and one for all that did not run because of it.

    If the setup of a suite failed, none of its tests ran: the first one is returned as failed.

    Example:
        >>> skipped = FailedTest("backup", "The Restore Works", "Skipped: ...", "the backup failed")
        >>> grouped([skipped, skipped])[0].names
        ('The Restore Works', 'The Restore Works')
    """
    groups: dict[tuple[str, str, str], list[FailedTest]] = {}
    setups_shown: set[str] = set()
    for number, test in enumerate(tests):
        is_first = test.skipped_because == _SETUP and test.message not in setups_shown
        if is_first:
            setups_shown.add(test.message)
        alone = is_first or not test.skipped_because
        key = (str(number), "", "") if alone else (test.stage, test.skipped_because, test.message)
        groups.setdefault(key, []).append(test)
    return [
        Failure(
            group[0].stage,
            tuple(test.name for test in group),
            "" if because else group[0].message,
            because,
        )
        for (_, because, _), group in groups.items()
    ]


@dataclass
class _Reading:
    """Collects failed tests while the parser goes through an xunit.xml."""

    failed: list[FailedTest] = field(default_factory=list)
    _test: dict[str, str] = field(default_factory=dict)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            self._test = attributes
        elif name in ("failure", "error") and self._test:
            stage = _stage_of(self._test.get("classname", ""))
            text = attributes.get("message", "")
            failed = FailedTest(stage, self._test.get("name", ""), _message(text), _earlier(text))
            self.failed.append(failed)

    def end(self, name: str) -> None:
        if name == "testcase":
            self._test = {}


def _refuse_document_type(*_: object) -> None:
    raise NotReadable("it declares a document type")


def _stage_of(class_name: str) -> str:
    # The first part is the recipe's folder, which may have the name of a stage.
    parts = [part.split(" ")[0].lower() for part in class_name.split(".")[1:]]
    return next((part for part in parts if part in STAGES), "")


def _message(text: str) -> str:
    """Return a message as one line, without Robot's introduction."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and _INTRODUCTION.fullmatch(lines[0]):
        lines = lines[1:]
    return " ".join(lines)


def _earlier(text: str) -> str:
    """Return the earlier failure that a message names as the reason why its test did not run."""
    skipped = _SKIPPED.match(cause_of(text))
    if skipped:
        return skipped["earlier"]
    if not_begun_by(text):
        return _RUN_ENDED
    return _SETUP if text.startswith(_SETUP_FAILED) else ""
