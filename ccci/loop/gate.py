"""Which files of a run may be handed to the forge: those that the run cleared, unchanged since."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccci.results.clearance import MAY_BE_CLEARED, read_clearance


@dataclass(frozen=True)
class Cleared:
    """The files that may be handed on.

    Attributes:
        files: the cleared ones, unchanged.
        reason: why others may not, for people to read, or "".
    """

    files: tuple[Path, ...] = ()
    reason: str = ""

    def __iter__(self) -> Iterator[Path]:
        """Go through the files."""
        return iter(self.files)

    def holds(self, name: str) -> bool:
        """Tell whether the file of that name may be handed on."""
        return any(path.name == name for path in self.files)


def cleared(results: Path) -> Cleared:
    """Return the files of a run that may leave the node, and why the others may not.

    Args:
        results: the folder of the run's results.

    Example:
        >>> [path.name for path in cleared(Path("results/custom-html/latest"))]
        ['log.html', 'report.html', 'xunit.xml', 'results.json', 'output.xml']
    """
    found = read_clearance(results)
    if found.reason:
        return Cleared(reason=f"Nothing may leave the node: {found.reason}.")
    files, problems = [], []
    for name in MAY_BE_CLEARED:
        path = results / name
        known = found.cleared.get(name)
        if known is None:
            problems.append(f"{name}: {found.withheld.get(name, 'it was not looked through')}.")
        elif path.is_symlink() or _sha256_of(path) != known.sha256:
            problems.append(f"{name}: it is not any more what was looked through.")
        else:
            files.append(path)
    return Cleared(tuple(files), " ".join(problems))


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # Gone or out of reach: not what was looked through.
