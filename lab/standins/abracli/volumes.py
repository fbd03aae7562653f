"""An app's volumes on the server."""

import time

from lab.standins.abracli import engine
from lab.standins.abracli.app import App
from lab.standins.abracli.engine import EngineError
from lab.standins.abracli.logs import Fatal, info

_RETRY_SECONDS = 10.0
_RETRY_PAUSE_SECONDS = 0.25


def of_app(app: App) -> list[dict[str, str]]:
    """Return Docker's entries of the volumes whose names start with the app's stack."""
    found = engine.request("GET", "/volumes", {"filters": {"name": [f"{app.stack}_"]}})["Volumes"]
    own = [volume for volume in found or [] if volume["Name"].startswith(f"{app.stack}_")]
    return sorted(own, key=lambda volume: str(volume["Name"]))


def remove(app: App, volumes: list[dict[str, str]], force: bool = False) -> None:
    """Remove volumes. Try again for some time, as a container that is ending may still use one.

    Raises:
        Fatal: one could not be removed.
    """
    for volume in volumes:
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                query = {"force": "1"} if force else {}
                engine.request("DELETE", f"/volumes/{volume['Name']}", query)
                info(f"volume {volume['Name']} removed")
                break
            except EngineError as error:
                if error.status == 404:
                    break
                if error.status != 409 or time.monotonic() >= deadline:
                    raise Fatal(f"removing volumes of {app.name} failed: {error}") from None
                time.sleep(_RETRY_PAUSE_SECONDS)
