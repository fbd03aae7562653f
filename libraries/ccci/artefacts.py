"""The last look through what a run leaves for people to read: no credential may stand in it."""

import html
from pathlib import Path

from ccci.credentials import REDACTED, holds_secret, redact

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
