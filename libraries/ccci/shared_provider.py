"""A provider of sign-in that a matrix deploys once, for all of its runs that sign in there.

The matrix writes one file for each such recipe, with an administrator of its own who sees no realm
of another run, and names their folder in the environment of its runs.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ccci.app import App
from ccci.state import ProcessIdentity

SHARED_VARIABLE = "CCCI_SHARED_PROVIDER"


@dataclass(frozen=True)
class SharedProvider:
    """What a run is told of the provider that is there already.

    Attributes:
        app: the provider; it belongs to another run.
        holder: the matrix, which tears it down at its end.
        secrets: of the run's own administrator, as `ccci.sign_in.PROVIDERS` takes them.
    """

    app: App
    holder: ProcessIdentity
    secrets: dict[str, str] = field(repr=False)

    def write(self, folder: Path, recipe: str) -> None:
        """Write the file for the run of a recipe, mode 0600."""
        folder.mkdir(mode=0o700, exist_ok=True)
        content = {
            "app": asdict(self.app), "holder": self.holder.to_json(), "secrets": self.secrets,
        }  # fmt: skip
        path = folder / f"{recipe}.json"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)


def matrix_shares() -> bool:
    """Tell whether this run is part of a matrix whose runs share a provider."""
    return SHARED_VARIABLE in os.environ


def shared_with(recipe: str) -> SharedProvider | None:
    """Return the provider that is there for the run of a recipe; None where there is none."""
    folder = os.environ.get(SHARED_VARIABLE)
    path = Path(folder or "") / f"{recipe}.json"
    if not folder or not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    holder = ProcessIdentity.from_json(found["holder"])
    return SharedProvider(App(**found["app"]), holder, found["secrets"])
