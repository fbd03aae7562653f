"""What the forge shows about a request; `comment.py` and `status.py` write the texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ccci.results.progress import Progress

State = Literal["queued", "running", "done", "refused", "superseded", "stopped", "failed to start"]


@dataclass(frozen=True)
class RequestView:
    """What is shown about a request.

    Attributes:
        repository: the repository of the pull request, as `owner/name`.
        pull_request: its number.
        recipe: the recipe under test.
        commit: the full hash of the commit under test.
        state: the state of the request.
        position: its place in the queue; 1 is next.
        asked_by: the author of the comment that asked for it.
        progress: how far its run is; None if it is not known.
        results: the folder with the results of its run; None if there is none.
        note: a sentence for the reader, or "".
        uploads: the URL of each attached file, by name.
        not_uploaded: why files are not attached, or "".
        dashboard: the URL of the recipe's page on the dashboard, or "".
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
    not_uploaded: str = ""
    dashboard: str = ""
