"""All that is shown of a request at the forge; `comment.py` and `status.py` put it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ccci.results.progress import Progress

State = Literal["queued", "running", "done", "refused", "superseded", "stopped", "failed to start"]


@dataclass(frozen=True)
class JobView:
    """All that is shown of one recipe that somebody asked to be tested.

    Attributes:
        repository: the one with the pull request, as `owner/name`.
        pull_request: its number.
        recipe: the recipe under test.
        commit: the full hash under test.
        state: where it stands.
        position: its place in the queue; 1 is next.
        asked_by: the name of who asked.
        progress: how far its run is; None where it has not said so.
        results: the folder of its run's results; None where there is none.
        note: one sentence that people should know.
        uploads: name to address, of the files that are attached.
        nothing_uploaded: why files are not attached.
        dashboard: the address of the recipe's page there.
    """

    repository: str
    pull_request: int
    recipe: str
    commit: str
    state: State
    position: int = 0
    asked_by: str = ""
    progress: Progress | None = None
    results: Path | None = None
    note: str = ""
    uploads: Mapping[str, str] = field(default_factory=dict)
    nothing_uploaded: str = ""
    dashboard: str = ""
