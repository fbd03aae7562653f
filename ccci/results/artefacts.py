"""The files of a run for people to read; credentials are removed from them."""

import html
from pathlib import Path

from ccci.apps import App
from ccci.results.credentials import REDACTED, holds_secret, redact
from ccci.results.modes import close, closed_folder
from ccci.swarm.view import SwarmView

_TEXT = {".txt", ".log", ".json", ".xml", ".html", ".toml", ".yml", ".yaml"}
_MARKED_UP = {".xml", ".html"}
# Robot makes these from output.xml. They have compressed texts, so they cannot be searched as text:
# if a credential is found in output.xml, these must be made again.
MADE_FROM_OUTPUT = ("log.html", "report.html", "xunit.xml")


def clean(folder: Path, secrets: list[str]) -> int:
    """Remove credentials from every text file below a folder; return how many files had one.

    Args:
        folder: the folder with the results of a run.
        secrets: the values to search for, in every form that they can have.
    """
    found = 0
    for path in folder.rglob("*"):
        if path.suffix not in _TEXT or path.name in MADE_FROM_OUTPUT or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if holds_secret(text, secrets):
            # Unescaped angle brackets would make output.xml invalid.
            by = html.escape(REDACTED) if path.suffix in _MARKED_UP else REDACTED
            path.write_text(redact(text, secrets, by), encoding="utf-8", errors="surrogateescape")
            found += 1
    return found


def save_logs(swarm: SwarmView, app: App, folder: Path, secrets: list[str]) -> None:
    """Write the last log lines of an app's services to `<folder>/<service>.log`, redacted."""
    for service in swarm.services(app.stack):
        closed_folder(folder)
        text = redact(swarm.last_log_lines(service, lines=2000), secrets)
        (folder / f"{service.short_name}.log").write_text(text + "\n", encoding="utf-8")
    if folder.exists():
        close(folder)
