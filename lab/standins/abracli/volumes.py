"""An app's volumes on the server."""

import time

from lab.standins.abracli import engine
from lab.standins.abracli.app import App
from lab.standins.abracli.engine import EngineError
from lab.standins.abracli.logs import Fatal, info

_PATIENCE_SECONDS = 10.0
_RETRY_EVERY_SECONDS = 0.25


def of_app(app: App) -> list[dict[str, str]]:
    """Return the volumes whose names begin with the app's stack: Name, Mountpoint, Driver."""
    found = engine.ask("GET", "/volumes", {"filters": {"name": [f"{app.stack}_"]}})["Volumes"]
    own = [volume for volume in found or [] if volume["Name"].startswith(f"{app.stack}_")]
    return sorted(own, key=lambda volume: str(volume["Name"]))


def remove(app: App, volumes: list[dict[str, str]], force: bool = False) -> None:
    """Remove volumes, trying again for a while: a dead task's container may still hold one.

    Raises:
        Fatal: one cannot be removed.
    """
    for volume in volumes:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                query = {"force": "1"} if force else {}
                engine.ask("DELETE", f"/volumes/{volume['Name']}", query)
                info(f"volume {volume['Name']} removed")
                break
            except EngineError as error:
                if error.status == 404:
                    break
                if error.status != 409 or time.monotonic() >= deadline:
                    raise Fatal(f"removing volumes of {app.name} failed: {error}") from None
                time.sleep(_RETRY_EVERY_SECONDS)
