"""What a run leaves for people to read beside its log; no credential may stand in it."""

import html
from pathlib import Path

from ccci.apps import App
from ccci.results.credentials import REDACTED, holds_secret, redact
from ccci.swarm.view import SwarmView

_TEXT = {".txt", ".log", ".json", ".xml", ".html", ".toml", ".yml", ".yaml"}
_MARKED_UP = {".xml", ".html"}
# Made by Robot from output.xml. A log packs its longer texts, so that a search in it proves
# nothing: whoever finds a credential in output.xml must have these made again.
MADE_FROM_OUTPUT = ("log.html", "report.html", "xunit.xml")


def clean(folder: Path, secrets: list[str]) -> int:
    """Take credentials out of every text file below a folder; return how many files held one.

    Args:
        folder: the folder of a run's results.
        secrets: the values to look for, in every form that they can take.
    """
    found = 0
    for path in folder.rglob("*"):
        if path.suffix not in _TEXT or path.name in MADE_FROM_OUTPUT or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if holds_secret(text, secrets):
            # A bracket of its own would make output.xml unreadable.
            by = html.escape(REDACTED) if path.suffix in _MARKED_UP else REDACTED
            path.write_text(redact(text, secrets, by), encoding="utf-8", errors="surrogateescape")
            found += 1
    return found


def save_logs(swarm: SwarmView, app: App, folder: Path, secrets: list[str]) -> None:
    """Write the last words of an app's services to `<folder>/<service>.log`, redacted."""
    for service in swarm.services(app.stack):
        folder.mkdir(parents=True, exist_ok=True)
        words = redact(swarm.last_log_lines(service, lines=2000), secrets)
        (folder / f"{service.short_name}.log").write_text(words + "\n", encoding="utf-8")
