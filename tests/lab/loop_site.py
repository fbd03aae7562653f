"""One poller on an organisation of its own, on the lab's real forge."""

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
        people: who opens pull requests and comments there.
        forge: the loop's client.
        store: the loop's memory.
        poller: takes turns when it is told to.
        told: what the poller said.
        posted: every text that it wrote to the forge, in this process.
        folder: for files of the test.
    """

    people: ForgePeople
    forge: Forge
    store: Store
    poller: Poller
    told: list[str]
    posted: list[str]
    folder: Path

    @classmethod
    def make(cls, folder: Path, **settings: Any) -> "LoopSite":
        """Make the organisation, mirror the recipe, and look once: older comments do not count."""
        lab_up("--forge")
        people = ForgePeople.make(**settings)
        forge = people.forge()
        mirror.mirror(forge, people.settings, RECIPE)
        store = Store.of(people.settings)
        told: list[str] = []
        site = cls(people, forge, store, Poller(forge, store, told.append), told, [], folder)
        site._note_what_is_posted()
        site.poller.turn()
        return site

    def _note_what_is_posted(self) -> None:
        """The forge shows the last text of a comment only: note each on its way there."""
        post, edit = self.forge.comment, self.forge.edit_comment

        def noted(repository: str, number: int, body: str) -> Comment:
            self.posted.append(body)
            return post(repository, number, body)

        def noted_edit(repository: str, comment: int, body: str) -> None:
            self.posted.append(body)
            edit(repository, comment, body)

        self.forge.comment = noted  # type: ignore[method-assign]
        self.forge.edit_comment = noted_edit  # type: ignore[method-assign]

    def new_poller(self) -> None:
        """Take another poller: all that the former knew is in the store."""
        self.poller = Poller(self.forge, self.store, self.told.append)

    def pull_request(self, title: str, old: str = "", new: str = "", path: str = "") -> int:
        """Open a pull request that replaces a text in compose.yml, or adds a file."""
        if path:
            return self.people.open_pull_request(RECIPE, title, {path: new})
        compose = self.people.content(RECIPE, "compose.yml")
        assert old in compose
        return self.people.open_pull_request(
            RECIPE, title, {"compose.yml": compose.replace(old, new) + f"# {title}\n"}
        )

    def ask(self, number: int, words: str = "!testme", user: str = "") -> int:
        """Comment in a pull request."""
        return self.people.say(RECIPE, number, words, user)

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Return the loop's comments in a pull request."""
        return self.people.said(RECIPE, number)

    def turns_until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Have the poller take turns until something holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s; {self.told[-5:]}"
            self.poller.turn()
            time.sleep(PAUSE_SECONDS)

    def turns_until_settled(self) -> None:
        """Have the poller take turns until nothing is queued, running or to be posted."""
        self.poller.turn()
        self.turns_until(lambda: not self.store.requests(*LIVE) and not self.store.untold())

    def request(self, number: int) -> Request:
        """Return the newest request for a pull request."""
        return [one for one in self.store.requests() if one.pull_request == number][-1]

    def remove(self) -> None:
        """End what is left, and remove the organisation."""
        for request in self.store.requests(*LIVE):
            self.store.stop(-request.id, request.repository, request.pull_request)
        self.turns_until(lambda: not self.store.requests(*LIVE))
        self.store.close()
        self.people.remove()

    @contextmanager
    def process(self, **settings: Value) -> Iterator[subprocess.Popen[str]]:
        """A poller as an operator runs it, in a process of its own; ended with the block."""
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
