"""Which logs the pages link to: all of them, or those that may leave the node."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.results.clearance import read_clearance
from ccci.results.store import RESULTS_FILE

LOG, REPORT = "log.html", "report.html"


@dataclass(frozen=True)
class Log:
    """A log file, and its checksum in cleared.json; "" if it need not be cleared."""

    path: Path
    sha256: str = ""

    def content(self) -> bytes:
        """Return the content of the file.

        Raises:
            NodeFailure: it is gone, or it was changed after it was cleared.
        """
        try:
            found = self.path.read_bytes()
        except OSError as error:
            raise NodeFailure(
                f"{self.path} cannot be read any more ({error}). Try again."
            ) from None
        if self.sha256 and hashlib.sha256(found).hexdigest() != self.sha256:
            raise NodeFailure(f"{self.path} was changed while the pages were written. Try again.")
        return found


@dataclass(frozen=True)
class Logs:
    """The logs of a run.

    Attributes:
        files: the files that a page may link to, by name.
        withheld: the names of the files that a page must not link to, with the reason. With
            results.json among them, a page shows none of its texts.
    """

    files: dict[str, Log] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)


def logs_of(run: Path, only_cleared: bool) -> Logs:
    """Return the logs of a run that pages may link to.

    Args:
        run: the folder with its results.
        only_cleared: withhold every file that is not cleared, or was changed since: see
            `ccci.results.clearance`.

    Example:
        >>> logs_of(Path("results/custom-html/latest"), only_cleared=True).withheld
        {}
    """
    existing = [name for name in (LOG, REPORT, RESULTS_FILE) if _is_plain(run / name)]
    if not only_cleared:
        return Logs({name: Log(run / name) for name in existing if name != RESULTS_FILE})
    clearance = read_clearance(run)
    files, withheld = {}, {}
    for name in existing:
        cleared = clearance.cleared.get(name)
        if cleared is None:
            withheld[name] = clearance.withheld.get(name) or clearance.reason or "not cleared"
            continue
        log = Log(run / name, cleared.sha256)
        try:
            log.content()
        except NodeFailure:
            withheld[name] = "it was changed after it was searched for credentials"
        else:
            files[name] = log
    files.pop(RESULTS_FILE, None)
    return Logs(files, withheld)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
