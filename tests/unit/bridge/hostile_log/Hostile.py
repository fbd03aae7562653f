"""What an app could say, and keywords that hand it on as badly as they can."""

from pathlib import Path
from types import SimpleNamespace
from typing import Literal

from robot.api import logger

from ccci.bridge import publishing
from ccci.results.credentials import CredentialStore

# Each kind says its own name when it runs.
KINDS: list[str] = []


def said_by_app(kind: str) -> str:
    """Return markup that runs a script at once; it is seen in `window.ran`."""
    KINDS.append(kind)
    return f"<img src=x onerror=\"(window.ran=window.ran||[]).push('{kind}')\">"


def address_by_app(kind: str) -> str:
    """Return an address that is a script."""
    return f"javascript://%0a(window.ran=window.ran||[]).push('{kind}')"


def print_it(text: str) -> None:
    """Print, as libraries do."""
    print(text)


def log_as_html(text: str, level: Literal["INFO", "WARN"] = "INFO") -> None:
    """Log as a library that trusts its text."""
    logger.write(text, level, html=True)


def raise_it(text: str) -> None:
    """Fail with a text."""
    raise AssertionError(text)


def begin(here: str, output: str, with_publishing: str) -> None:
    """Let the run's own end deal with the output."""
    if with_publishing == "yes":
        publishing.prepare("shop", Path(here), Path(output))
        store = CredentialStore(Path(here) / "store.json")
        journal = SimpleNamespace(overdue=lambda: "")
        publishing._published.run = SimpleNamespace(  # type: ignore[assignment]
            record=SimpleNamespace(credentials=store, journal=journal),
            share=SimpleNamespace(sharing=None),
        )
