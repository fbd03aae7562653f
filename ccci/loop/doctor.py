"""`python -m ccci.loop doctor`: checks whether the loop has all that it needs."""

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
from ccci.web.browser_user import confinement
from ccci.web.http import Client

_WIDTH = 18
_SCOPES = ("write:issue", "write:repository", "write:organization")
_MOST_TRIED = 3
# The permissions of any account but one's own can only be read by an administrator.
_ANOTHER_USER = "another-user"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes:
        what: the name of what was checked.
        seen: what the check found.
        remedy: what to do about it; "" if all is well.
    """

    what: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return a line for the terminal."""
        mark = "MISSING" if self.remedy else "ok     "
        line = f"{mark} {self.what:<{_WIDTH}} {self.seen}"
        return f"{line}; {self.remedy}" if self.remedy else line


def examine() -> Iterator[Finding]:
    """Check every part in turn; nothing is changed on the forge."""
    yield _browser()
    if forge_file() is None:
        yield Finding("forge.toml", "none: this node polls no forge (docs/operate.md)")
        return
    try:
        settings = load_forge_settings()
        forge = Forge(settings, load_server())
    except Misuse as misuse:
        yield Finding("forge.toml", str(misuse), "see docs/operate.md")
        return
    yield Finding("forge.toml", f"{settings.url}, organisation {settings.organisation}")
    yield from _forge(forge, settings)
    yield _store(settings)
    yield _dashboard(settings.dashboard_folder or PROJECT / "results" / "web")
    if settings.dashboard:
        yield _policy(settings)
    if settings.webhook:
        yield _webhook(settings)


def _browser() -> Finding:
    confined = confinement()
    return Finding("browser's user", str(confined), confined.remedy)


def _forge(forge: Forge, settings: ForgeSettings) -> Iterator[Finding]:
    try:
        repositories = forge.repositories()
    except ForgeRefused as refused:
        yield Finding("organisation", str(refused), "the token must be able to read it")
        return
    except CcciError as error:
        yield Finding("forge", str(error), "check url and ca_bundle in forge.toml")
        return
    yield Finding("organisation", f"{len(repositories)} repositories")
    if not repositories:
        return
    first = repositories[0]
    yield _check(
        "permissions",
        lambda: forge.may_write(first, _ANOTHER_USER),
        "can be read",
        "the account must be an administrator of the repositories to see who has write access",
    )
    yield _check(
        "comments",
        lambda: forge.comments_since(first, "2100-01-01T00:00:00Z"),
        "can be read",
        "the token needs the scope write:issue",
    )
    for scope in _SCOPES:
        yield _check(
            scope,
            lambda scope=scope: forge.check_scope(scope, first),  # type: ignore[misc]
            "the token has it",
            f"the token needs the scope {scope}, and its account the permission",
        )
    yield _upstream(settings, repositories[:_MOST_TRIED])


def _upstream(settings: ForgeSettings, recipes: list[str]) -> Finding:
    """Look for a few recipes upstream: some may exist in the organisation only."""
    remedy = "check upstream in forge.toml: a missing recipe cannot be mirrored"
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
            seen = seen or f"{url}: {done.error}"
    return Finding("upstream", seen, remedy)


def _dashboard(folder: Path) -> Finding:
    # The poller creates the folder, so one above it must be writable.
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Finding("dashboard", f"is written to {folder}")
    except OSError as error:
        return Finding("dashboard", str(error), "check dashboard_folder in forge.toml")


def _policy(settings: ForgeSettings) -> Finding:
    """Check that a script in a log that is served can do nothing to the site."""
    remedy = "let the web server send the header of docs/operate.md (The dashboard on the web)"
    server = load_server().model_copy(update={"ca_bundle": settings.ca_bundle})
    try:
        answer = Client(server).request("GET", f"{settings.dashboard}/")
    except CcciError as error:
        return Finding("dashboard policy", str(error), "check dashboard in forge.toml")
    policy = answer.headers.get("content-security-policy", "")
    if is_sandbox(policy):
        return Finding("dashboard policy", "its pages have an origin of their own")
    return Finding("dashboard policy", f"the header is {policy[:80]!r}", remedy)


def is_sandbox(policy: str) -> bool:
    """Return whether a Content-Security-Policy gives a page an origin of its own.

    Example:
        >>> is_sandbox("default-src 'none'; sandbox allow-scripts")
        True
        >>> is_sandbox("sandbox allow-scripts allow-same-origin")
        False
    """
    found = [words for part in policy.lower().split(";") if (words := part.split())]
    return any(words[0] == "sandbox" and "allow-same-origin" not in words for words in found)


def _webhook(settings: ForgeSettings) -> Finding:
    try:
        with listening(settings, lambda: None):
            return Finding("webhook", "its secret can be read and its port is free")
    except Misuse as misuse:
        if is_listening(settings):
            return Finding("webhook", "a poller is listening on its port")
        return Finding("webhook", str(misuse), "check [webhook] in forge.toml")


def _store(settings: ForgeSettings) -> Finding:
    try:
        store = Store.of(settings)
        waiting = len(store.requests("queued"))
        store.close()
    except (CcciError, OSError, sqlite3.Error) as error:
        return Finding("store", str(error), "free some disk space, or run as root")
    return Finding("store", f"{store.path}, {waiting} queued")


def _check(what: str, check: Callable[[], object], good: str, remedy: str) -> Finding:
    try:
        check()
    except CcciError as error:
        return Finding(what, str(error), remedy)
    return Finding(what, good)
