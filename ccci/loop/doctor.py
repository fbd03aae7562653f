"""`python -m ccci.loop doctor`: whether the loop has all it needs, each missing piece named."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import CcciError, Misuse
from ccci.loop.forge import Forge, ForgeRefused
from ccci.loop.remote_git import RemoteGit
from ccci.loop.settings import ForgeSettings, forge_file, load_forge_settings
from ccci.loop.store import Store
from ccci.loop.webhook import is_listening, listening
from ccci.node.server import load_server
from ccci.project import PROJECT

_WIDTH = 18
_SCOPES = ("write:issue", "write:repository", "write:organization")
_MOST_TRIED = 3


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
    yield _dashboard(settings.dashboard_folder or PROJECT / "results" / "web")
    if settings.webhook:
        yield _webhook(settings)


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
    for scope in _SCOPES:
        yield _looked_at(
            scope,
            lambda scope=scope: forge.try_scope(scope, first),  # type: ignore[misc]
            "the token has it",
            f"the token needs the scope {scope}, and its account the right to do so",
        )
    yield _upstream(settings, repositories[:_MOST_TRIED])


def _upstream(settings: ForgeSettings, recipes: list[str]) -> Finding:
    """Look for a few recipes upstream: some of the organisation's may be its own."""
    remedy = "look at upstream in forge.toml: a recipe that is missing cannot be mirrored"
    seen = ""
    with tempfile.TemporaryDirectory(prefix="ccci-doctor-") as folder:
        git = RemoteGit(load_server(), Path(folder))
        for recipe in recipes:
            url = settings.upstream.replace("{recipe}", recipe)
            try:
                done = git.run(url, "ls-remote", "--heads", "--", url)
            except CcciError as error:
                return Finding("upstream", str(error), remedy)
            if done.code == 0:
                return Finding("upstream", f"{url} can be read")
            seen = seen or f"{url}: {done.words}"
    return Finding("upstream", seen, remedy)


def _dashboard(folder: Path) -> Finding:
    # What is not there yet is made by the poller.
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return Finding("dashboard", f"is written to {folder}")
    except OSError as error:
        return Finding("dashboard", str(error), "look at dashboard_folder in forge.toml")


def _webhook(settings: ForgeSettings) -> Finding:
    try:
        with listening(settings, lambda: None):
            return Finding("webhook", "its secret can be read and its port is free")
    except Misuse as misuse:
        if is_listening(settings):
            return Finding("webhook", "a poller listens there")
        return Finding("webhook", str(misuse), "look at [webhook] in forge.toml")


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
