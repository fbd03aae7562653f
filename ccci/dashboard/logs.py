"""Which logs the pages lead to: all that are there, or those that may leave the node."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.results.clearance import read_clearance
from ccci.results.store import RESULTS_FILE

LOG, REPORT = "log.html", "report.html"


@dataclass(frozen=True)
class Log:
    """A file of a run to read, and what it was when it was cleared ("": nobody asked)."""

    path: Path
    sha256: str = ""

    def content(self) -> bytes:
        """Return the file's bytes.

        Raises:
            NodeFailure: it is gone, or it is not what was cleared any more.
        """
        try:
            found = self.path.read_bytes()
        except OSError as error:
            raise NodeFailure(
                f"{self.path} cannot be read any more ({error}): call again."
            ) from None
        if self.sha256 and hashlib.sha256(found).hexdigest() != self.sha256:
            raise NodeFailure(f"{self.path} was changed while the pages were made: call again.")
        return found


@dataclass(frozen=True)
class Logs:
    """What a run left to read.

    Attributes:
        files: those that a page may lead to, by name.
        withheld: name to reason, of those that are there and may not be shown; results.json may
            be among them, and then none of its texts are.
    """

    files: dict[str, Log] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)


def logs_of(run: Path, only_cleared: bool) -> Logs:
    """Return the logs of a run that pages may lead to.

    Args:
        run: the folder of its results.
        only_cleared: a file in which a credential was found, that nobody looked through, or that
            was changed since, is withheld: see `ccci.results.clearance`.

    Example:
        >>> logs_of(Path("results/custom-html/latest"), only_cleared=True).withheld
        {}
    """
    there = [name for name in (LOG, REPORT, RESULTS_FILE) if _is_plain(run / name)]
    if not only_cleared:
        return Logs({name: Log(run / name) for name in there if name != RESULTS_FILE})
    clearance = read_clearance(run)
    files, withheld = {}, {}
    for name in there:
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
