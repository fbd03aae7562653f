"""A sign-in provider that a matrix deploys once, for all of its runs that use it.

The matrix writes a file for each of its runs, and sets the folder in the runs' environment.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ccci.apps import App
from ccci.node.state import ProcessIdentity

SHARED_VARIABLE = "CCCI_SHARED_PROVIDER"


@dataclass(frozen=True)
class Sharing:
    """What one run of a matrix with a shared provider gets from the matrix.

    Attributes:
        holder: the matrix, which tears down the provider at its end.
        places: the places of the node's budget that the provider leaves.
        provider: the provider's app; None for a run that does not use it.
        secrets: of an administrator for this run alone, for `ccci.sso.sign_in.PROVIDERS`.
        failure: why the provider did not deploy; "" if it did.
    """

    holder: ProcessIdentity
    places: int
    provider: App | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    failure: str = ""

    def write(self, folder: Path, recipe: str) -> None:
        """Write the file for the run of a recipe, with mode 0600."""
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(_path(folder, recipe), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)


def sharing_of(recipe: str) -> Sharing | None:
    """Return what the matrix wrote for the run of a recipe; None where no provider is shared."""
    folder = os.environ.get(SHARED_VARIABLE)
    path = _path(Path(folder or ""), recipe)
    if not folder or not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    holder = ProcessIdentity.from_json(found.pop("holder"))
    provider = found.pop("provider")
    return Sharing(holder, provider=App(**provider) if provider else None, **found)


def _path(folder: Path, recipe: str) -> Path:
    return folder / f"{recipe}.json"
