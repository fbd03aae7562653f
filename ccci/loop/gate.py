"""Which files of a run may be uploaded: those that the run has cleared, if unchanged since."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccci.results.clearance import MAY_BE_CLEARED, read_clearance


@dataclass(frozen=True)
class Cleared:
    """The files of a run that may leave the node.

    Attributes:
        files: cleared and unchanged.
        reason: why the other files must not leave the node, as text for people, or "".
    """

    files: tuple[Path, ...] = ()
    reason: str = ""

    def __iter__(self) -> Iterator[Path]:
        """Iterate over the files."""
        return iter(self.files)

    def includes(self, name: str) -> bool:
        """Return whether a file of that name may leave the node."""
        return any(path.name == name for path in self.files)


def cleared(results: Path) -> Cleared:
    """Return the files of a run that may leave the node, and why the others must not.

    Args:
        results: the folder of the run's results.

    Example:
        >>> [path.name for path in cleared(Path("results/custom-html/latest"))]
        ['log.html', 'report.html', 'xunit.xml', 'results.json', 'output.xml']
    """
    found = read_clearance(results)
    if found.reason:
        return Cleared(reason=f"No file may leave the node: {found.reason}.")
    files, problems = [], []
    for name in MAY_BE_CLEARED:
        path = results / name
        known = found.cleared.get(name)
        if known is None:
            reason = found.withheld.get(name, "it was not searched for credentials")
            problems.append(f"{name}: {reason}.")
        elif path.is_symlink() or _sha256_of(path) != known.sha256:
            problems.append(f"{name}: it was changed after it was searched for credentials.")
        else:
            files.append(path)
    return Cleared(tuple(files), " ".join(problems))


def _sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # A file that cannot be read is not the one that was cleared.
