"""The tests that a full run of a suite must run, by name: `tests.txt` beside its files.

`make docs` writes it and `make check` compares it with the sources, so that a test which goes
missing is seen in the diff. A run compares it with what Robot ran, so that one which goes missing
there (its file is gone, an option of Robot left it out, it was skipped) is seen in the verdict.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure

PINNED_FILE = "tests.txt"
_MADE = "# Made by `make docs`: the tests that a full run of this suite must run."
_OPTED_OUT = "opted out of: "
_SHOWN = 5


@dataclass(frozen=True, order=True)
class Pinned:
    """A test: the name of its file without the suffix, and its own.

    Example:
        >>> str(Pinned("5__backup", "The Restore Brings The Seed Back"))
        '5__backup: The Restore Brings The Seed Back'
    """

    file: str
    name: str

    @property
    def stage(self) -> str:
        """The stage that it belongs to."""
        return stage_of_file(self.file)

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def stage_of_file(stem: str) -> str:
    """Return the stage in the name of a suite file.

    Example:
        >>> stage_of_file("2_1__functional"), stage_of_file("2__functional_own")
        ('functional', 'functional')
    """
    return stem.rpartition("__")[2].replace("_", " ").split(" ")[0].lower()


def pinned_text(tests: Iterable[Pinned], opted_out: Collection[str]) -> str:
    """Return the content of `tests.txt`.

    Args:
        tests: all tests of the suite, in their order.
        opted_out: the stages that recipe.toml opts out of; their tests are not pinned.
    """
    lines = [_MADE]
    lines += [f"{_OPTED_OUT}{stage}" for stage in sorted(opted_out)]
    lines += [str(test) for test in tests if test.stage not in opted_out]
    return "\n".join(lines) + "\n"


def read_pinned(suite: Path) -> list[Pinned]:
    """Return the tests that a suite's `tests.txt` pins.

    Args:
        suite: the folder of the suite.

    Raises:
        NodeFailure: there is no such file, or it pins nothing.
    """
    path = suite / PINNED_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise NodeFailure(
            f"{path} is missing, so nobody knows which tests a full run has: run 'make docs'."
        ) from None
    kept = [line for line in lines if line and not line.startswith(("#", _OPTED_OUT))]
    found = [Pinned(*line.split(": ", 1)) for line in kept if ": " in line]
    if not found:
        raise NodeFailure(f"{path} pins no test: run 'make docs'.")
    return found


def told(missing: Collection[Pinned], of: int) -> str:
    """Return which tests were not run, for a reader; "" where none is missing.

    Args:
        missing: them.
        of: how many a full run has.

    Example:
        >>> told([Pinned("2__functional", "A Page Is Served")], 27)
        '1 of 27 tests did not run: 2__functional: A Page Is Served'
    """
    if not missing:
        return ""
    names = sorted(map(str, missing))
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} of {of} tests did not run: {', '.join(names[:_SHOWN])}{more}"
