"""`python -m loop doctor`: whether the loop has all that it needs, each missing piece named."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ccci.errors import CcciError, Misuse
from ccci.server import load_server
from loop.forge import Forge, ForgeRefused
from loop.settings import ForgeSettings, forge_file, load_forge_settings
from loop.store import Store

_WIDTH = 14


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        seen: what was found.
        remedy: what is to be done, or "" where all is well.
    """

    what: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        """One line for the terminal."""
        mark = "MISSING" if self.remedy else "ok     "
        words = f"{mark} {self.what:<{_WIDTH}} {self.seen}"
        return f"{words}; {self.remedy}" if self.remedy else words


def examine() -> Iterator[Finding]:
    """Look at every part in turn; nothing is changed at the forge."""
    if forge_file() is None:
        yield Finding("forge.toml", "none: this node listens to no forge (docs/operate.md)")
        return
    try:
        settings = load_forge_settings()
        forge = Forge(settings, load_server())
    except Misuse as misuse:
        yield Finding("forge.toml", str(misuse), "see docs/operate.md")
        return
    yield Finding("forge.toml", f"{settings.url}, organisation {settings.organisation}")
    yield from _at_the_forge(forge, settings)
    yield _store(settings)
    if settings.webhook:
        yield _looked_at("webhook", settings.webhook_secret, "there", "write a secret into it")


def _at_the_forge(forge: Forge, settings: ForgeSettings) -> Iterator[Finding]:
    try:
        repositories = forge.repositories()
    except ForgeRefused as refused:
        yield Finding("organisation", str(refused), "let the token read the organisation")
        return
    except CcciError as error:
        yield Finding("forge", str(error), "look at url and ca_bundle in forge.toml")
        return
    yield Finding("organisation", f"{len(repositories)} repositories")
    if not repositories:
        return
    first = repositories[0]
    yield _looked_at(
        "permissions",
        # About anybody but itself: what it may is told to every account.
        lambda: forge.may_write(first, "nobody-in-particular"),
        "can be read",
        "the account must be an administrator of the repositories, to see who may write",
    )
    yield _looked_at(
        "comments",
        lambda: forge.comments_since(first, "2100-01-01T00:00:00Z"),
        "can be read",
        "the token needs the scope write:issue",
    )


def _store(settings: ForgeSettings) -> Finding:
    try:
        store = Store.of(settings)
        waiting = len(store.requests("queued"))
        store.close()
    except (CcciError, OSError, sqlite3.Error) as error:
        return Finding("store", str(error), "free some disk, or run as root")
    return Finding("store", f"{store.path}, {waiting} queued")


def _looked_at(what: str, look: Callable[[], object], good: str, remedy: str) -> Finding:
    try:
        look()
    except CcciError as error:
        return Finding(what, str(error), remedy)
    return Finding(what, good)
