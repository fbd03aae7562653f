"""A poller with an organisation of its own, on the lab's real forge."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccci.loop import mirror
from ccci.loop.forge import Comment, Forge
from ccci.loop.poller import Poller
from ccci.loop.store import LIVE, Request, Store
from lab.node import Value, toml
from tests.forge_people import ForgePeople
from tests.lab.forge_site import lab_up

RECIPE = "custom-html"
SECONDS = 600.0
PAUSE_SECONDS = 0.5
BACKUP_LABEL = '        - "backupbot.backup=${ENABLE_BACKUPS:-true}"\n'


@dataclass
class LoopSite:
    """An organisation with the recipe custom-html, and a poller for it.

    Attributes:
        people: the users who open pull requests and comment on them.
        forge: the loop's client.
        store: the loop's database.
        poller: runs a cycle when a test calls it.
        log_lines: the lines that the poller has logged.
        posted: every text that the poller in this process has posted.
        folder: for files of the test.
    """

    people: ForgePeople
    forge: Forge
    store: Store
    poller: Poller
    log_lines: list[str]
    posted: list[str]
    folder: Path

    @classmethod
    def make(cls, folder: Path, **settings: Any) -> "LoopSite":
        """Create the organisation, mirror the recipe, and poll once: older comments are ignored."""
        lab_up("--forge")
        people = ForgePeople.make(**settings)
        forge = people.forge()
        mirror.mirror(forge, people.settings, RECIPE)
        store = Store.of(people.settings)
        lines: list[str] = []
        site = cls(people, forge, store, Poller(forge, store, lines.append), lines, [], folder)
        site._record_posts()
        site.poller.cycle()
        return site

    def _record_posts(self) -> None:
        """Record each text that is posted: the forge shows the last text of a comment only."""
        post, edit = self.forge.comment, self.forge.edit_comment

        def recorded(repository: str, number: int, body: str) -> Comment:
            self.posted.append(body)
            return post(repository, number, body)

        def recorded_edit(repository: str, comment: int, body: str) -> None:
            self.posted.append(body)
            edit(repository, comment, body)

        self.forge.comment = recorded  # type: ignore[method-assign]
        self.forge.edit_comment = recorded_edit  # type: ignore[method-assign]

    def new_poller(self) -> None:
        """Replace the poller, as after a restart: everything it needs is in the database."""
        self.poller = Poller(self.forge, self.store, self.log_lines.append)

    def pull_request(self, title: str, old: str = "", new: str = "", path: str = "") -> int:
        """Open a pull request that replaces a text in compose.yml, or adds a file."""
        if path:
            return self.people.open_pull_request(RECIPE, title, {path: new})
        compose = self.people.content(RECIPE, "compose.yml")
        assert old in compose
        return self.people.open_pull_request(
            RECIPE, title, {"compose.yml": compose.replace(old, new) + f"# {title}\n"}
        )

    def ask(self, number: int, text: str = "!testme", user: str = "") -> int:
        """Comment on a pull request; return the id of the comment."""
        return self.people.comment(RECIPE, number, text, user)

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Return the loop's comments on a pull request."""
        return self.people.loop_comments(RECIPE, number)

    def cycle_until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Run cycles of the poller until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s; {self.log_lines[-5:]}"
            self.poller.cycle()
            time.sleep(PAUSE_SECONDS)

    def cycle_until_settled(self) -> None:
        """Run cycles until nothing is queued, running or to be posted."""
        self.poller.cycle()
        self.cycle_until(lambda: not self.store.requests(*LIVE) and not self.store.unposted())

    def request(self, number: int) -> Request:
        """Return the newest request for a pull request."""
        return [one for one in self.store.requests() if one.pull_request == number][-1]

    def remove(self) -> None:
        """Stop what is left, and delete the organisation."""
        for request in self.store.requests(*LIVE):
            self.store.stop(-request.id, request.repository, request.pull_request)
        self.cycle_until(lambda: not self.store.requests(*LIVE))
        self.store.close()
        self.people.remove()

    @contextmanager
    def process(self, **settings: Value) -> Iterator[subprocess.Popen[str]]:
        """Run a poller as an operator does, in its own process, while the block runs."""
        file = self.folder / "forge.toml"
        known = self.people.settings
        content: dict[str, Value] = {
            "url": known.url,
            "organisation": known.organisation,
            "user": known.user,
            "token_file": str(known.token_file),
            "upstream": known.upstream,
            "ca_bundle": str(known.ca_bundle),
            "interval_seconds": 1,
            **settings,
        }
        file.write_text(toml(content))
        command = [sys.executable, "-m", "ccci.loop", "poll"]
        log = (self.folder / "poller.log").open("w")
        with (
            log,
            subprocess.Popen(
                command,
                env={**os.environ, "CCCI_FORGE_FILE": str(file)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
