"""progress.json: how far a run is, for other processes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from ccci.errors import NodeFailure

PROGRESS_FILE = "progress.json"


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: the stage that was started last; *start* before the first one.
        begun: when it was started, in UTC.
        ended: the duration of each earlier stage in seconds.
        failed: how many tests had failed before it.
    """

    stage: str
    begun: datetime
    ended: dict[str, float] = field(default_factory=dict)
    failed: int = 0


def write_progress(folder: Path, stage: str, ended: dict[str, float], failed: int) -> Progress:
    """Record that a stage has started; the file is written in one step.

    Raises:
        NodeFailure: the file cannot be written.

    Example:
        >>> write_progress(results, "functional", {"install": 21.4}, failed=0).stage
        'functional'
    """
    seconds = {name: round(value, 2) for name, value in ended.items()}
    progress = Progress(stage, datetime.now(UTC).replace(microsecond=0), seconds, failed)
    draft = folder / f".{PROGRESS_FILE}"
    try:
        draft.write_bytes(TypeAdapter(Progress).dump_json(progress) + b"\n")
        draft.chmod(0o640)
        draft.replace(folder / PROGRESS_FILE)
    except OSError as error:
        raise NodeFailure(f"Cannot write {folder / PROGRESS_FILE}: {error}") from error
    return progress


def read_progress(folder: Path) -> Progress | None:
    """Return how far a run is; None if progress.json is missing or invalid.

    Example:
        >>> read_progress(Path("results/custom-html/latest")).ended["install"]
        21.4
    """
    try:
        return TypeAdapter(Progress).validate_json((folder / PROGRESS_FILE).read_bytes())
    except (OSError, ValueError):
        return None
