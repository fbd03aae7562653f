"""One of many runs: started as from a shell, and what it showed."""

import signal
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ccci.matrix.leftovers import leftovers_of
from ccci.matrix.outcome import RecipeOutcome, outcome_of
from ccci.printable import printable
from ccci.results.failed_tests import NotReadable, failed_tests, grouped
from ccci.results.store import MATRIX_VARIABLE, worst
from ccci.run.process import start_robot
from ccci.run.run import new_run_id

_LAST_BYTES = 4096
_LONGEST_LINE = 200


@dataclass(frozen=True)
class OneRun:
    """What a run showed.

    Attributes:
        outcome: its verdict, time and results.
        failures: a line for each test that failed, and for those that did not run because of it.
    """

    outcome: RecipeOutcome
    failures: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it took, without its wait for places on the node."""
        return max(0.0, self.outcome.seconds - self.outcome.waited_seconds)


def run_once(project: Path, recipe: str) -> OneRun:
    """Run a recipe's suite, and wait until nothing is left of it.

    Args:
        project: the folder with suites/ and results/.
        recipe: an enrolled recipe.

    Raises:
        KeyboardInterrupt: it was interrupted, and has torn itself down.
    """
    # A run is found by the id of its matrix: this is a matrix of one run.
    matrix = new_run_id()
    with tempfile.TemporaryFile() as terminal:
        process = start_robot(
            project, project / "suites" / recipe, terminal, environment={MATRIX_VARIABLE: matrix}
        )
        try:
            process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        said = _last_line(terminal)
    left = leftovers_of(matrix)
    outcome = outcome_of(project, recipe, matrix)
    if not outcome.run:
        outcome = replace(outcome, reason=f"{outcome.reason}: {said}")
    if left:
        verdict = worst([outcome.verdict, "incomplete"])
        outcome = replace(outcome, verdict=verdict, reason="; ".join(left.values()))
    return OneRun(outcome, _failures(project / outcome.run) if outcome.run else ())


def _last_line(terminal: IO[bytes]) -> str:
    terminal.seek(max(0, terminal.tell() - _LAST_BYTES))
    lines = terminal.read().decode(errors="replace").split("\n")
    return printable(next((line for line in reversed(lines) if line.strip()), "no output"))


def _failures(folder: Path) -> tuple[str, ...]:
    try:
        found = grouped(failed_tests(folder / "xunit.xml"))
    except (OSError, NotReadable) as error:
        return (f"xunit.xml: {printable(error)}",)
    return tuple(
        printable(
            f"{one.stage}: {', '.join(one.names)}: {one.message or one.skipped_because}",
            _LONGEST_LINE,
        )
        for one in found
    )
