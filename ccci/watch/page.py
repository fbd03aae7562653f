"""Asks one page again and again, and remembers when its answer was not good.

An answer is good when it has the expected status. It may be slow: a busy node is no fault of the
app. One that does not come within `ANSWER_SECONDS` is not good, as is any other status, a broken
connection, and Traefik's own 404 and 502 for an app that is away. Where an app says that it is
asked too often (429), it is asked less often, and not judged by that.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from ccci.errors import CcciError, NodeFailure
from ccci.watch.tasks import clock
from ccci.web.http import Client, start_of

EVERY_SECONDS = 0.5
ANSWER_SECONDS = 10.0
TOO_MANY_REQUESTS = 429
LESS_OFTEN_SECONDS = 10.0
# By this, those who read the app's log can leave these requests out.
_HEADERS = {"User-Agent": "ccci (asks whether the app is up)"}


@dataclass(frozen=True)
class Outage:
    """A time in which the page was not answered well.

    Attributes:
        begin: when the first request that failed was sent, in seconds since the epoch.
        end: when the next was sent that did not fail; or the last that failed.
        answers: how many failed.
        seen: what the first one was answered.
        of_node: there was not even a connection: the server's proxy was away, not the app.
    """

    begin: float
    end: float
    answers: int
    seen: str
    of_node: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasted; as exact as the page is asked often."""
        return self.end - self.begin

    def __str__(self) -> str:
        return (
            f"from {clock(self.begin)} to {clock(self.end)} ({self.seconds:.1f} s, "
            f"{self.answers} answer{'s' if self.answers > 1 else ''}; the first: {self.seen})"
        )


class AnswerWatch(ABC):
    """Asks something about twice a second, in a thread of its own, while it is told to."""

    def __init__(self) -> None:
        """Ask nothing yet."""
        self._lock = threading.Lock()
        self._asking = threading.Event()
        self._over = threading.Event()
        self._outages: list[Outage] = []
        self._lasting = False
        self._from = time.time()

    def start(self) -> None:
        """Start the thread; it asks nothing before `go_on`."""
        threading.Thread(target=self._run, daemon=True, name="health").start()

    def stop(self) -> None:
        """End the thread, after its present request."""
        self._over.set()
        self._asking.set()

    def go_on(self) -> None:
        """Ask from now on."""
        self.take()
        self._asking.set()

    def pause(self) -> None:
        """Ask nothing: there is no app to ask."""
        self._asking.clear()
        self.take()

    def take(self) -> list[Outage]:
        """Return the outages since the last call, oldest first, and forget them."""
        with self._lock:
            taken, self._outages = self._outages, []
            self._lasting = False
            self._from = time.time()
        return taken

    @abstractmethod
    def ask(self) -> float:
        """Ask once, note the answer, and return how long to wait before the next time."""

    def _note(self, sent: float, bad: str, of_node: bool = False) -> None:
        """Note an answer; `bad` says what is wrong with it."""
        with self._lock:
            if sent < self._from:
                return
            if self._lasting:
                last = self._outages[-1]
                more = 1 if bad else 0
                self._outages[-1] = replace(
                    last, end=sent, answers=last.answers + more,
                    of_node=last.of_node and (of_node or not bad),
                )  # fmt: skip
            elif bad:
                self._outages.append(Outage(sent, sent, 1, bad, of_node))
            self._lasting = bool(bad)

    def _run(self) -> None:
        while not self._over.is_set():
            self._asking.wait()
            if self._over.is_set():
                return
            begun = time.monotonic()
            pause = self.ask()
            self._over.wait(max(pause - (time.monotonic() - begun), 0))


class PageWatch(AnswerWatch):
    """Asks a page about twice a second, in a thread of its own, while it is told to.

    Args:
        client: for this thread alone.
        url: returns the page's address at the moment.
        status: the status of a good answer.

    Example:
        ``watch = PageWatch(Client(server), lambda: "https://blog.lab.test/", 200)``
        ``watch.start(); watch.go_on(); ...; watch.take()``
    """

    def __init__(self, client: Client, url: Callable[[], str], status: int) -> None:
        """Ask nothing yet."""
        super().__init__()
        self._client, self._url, self._status = client, url, status

    def ask(self) -> float:
        """Ask once, note the answer, and return how long to wait before the next time."""
        sent = time.time()
        try:
            answer = self._client.request(
                "GET", self._url(), headers=_HEADERS, within_seconds=ANSWER_SECONDS
            )
        except CcciError as error:
            self._note(sent, str(error), isinstance(error, NodeFailure))
            return EVERY_SECONDS
        if answer.status == TOO_MANY_REQUESTS:
            return LESS_OFTEN_SECONDS
        good = answer.status == self._status
        self._note(sent, "" if good else f"status {answer.status}{start_of(answer, 80)}")
        return EVERY_SECONDS
