"""A Robot listener that tells the app's time from the harness's own, in the process of a run.

Functions that wait for somebody else (abra, the Swarm, the app, the browser) are wrapped; the time
within the outermost of them is that somebody's, and all other time is the harness's.
"""

import functools
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

import ccci.deploy.driver
import ccci.run.run
from ccci.deploy.abra import Abra
from ccci.deploy.driver import AppDriver
from ccci.web.http import Client


class Clock:
    """Adds up seconds by what was waited for; writes them as JSON when Robot ends.

    Example:
        ``robot --listener tests.bench.clock.Clock:/tmp/seconds.json suites/custom-html``
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, path: str) -> None:
        """Wrap what waits; ``path`` is where the sums are written."""
        self._path = Path(path)
        self._seconds: dict[str, float] = {}
        self._calls: dict[str, int] = {}
        self._within: list[str] = []
        self._held = 0.0
        self._abra: dict[str, list[float]] = {}
        self._browser_began: list[float] = []
        self._wrap(Abra, "__call__", "abra")
        self._wrap(ccci.deploy.driver, "wait_until_converged", "convergence")
        self._wrap(AppDriver, "wait_healthy", "health")
        self._wrap(Client, "request", "requests to the app")
        self._wrap(ccci.deploy.driver, "wait_for", "containers to end")
        self._wrap(ccci.run.run, "tear_down", "teardown")
        # What is left of HTTP is Docker's API: markers, listings, logs.
        self._wrap(requests.Session, "send", "Docker API")
        self._count_holding()
        self._name_abra_commands()

    def start_library_keyword(self, _data: Any, _code: Any, result: Any) -> None:
        """Start the browser's clock."""
        if result.owner == "Browser":
            self._browser_began.append(time.monotonic())

    def end_library_keyword(self, _data: Any, _code: Any, result: Any) -> None:
        """Stop the browser's clock."""
        if result.owner == "Browser":
            self._add("browser", time.monotonic() - self._browser_began.pop())

    def close(self) -> None:
        """Write the sums."""
        sums = {
            "seconds": self._seconds,
            "calls": self._calls,
            "holding_seconds": self._held,
            "abra": self._abra,
        }
        self._path.write_text(json.dumps(sums), encoding="utf-8")

    def _wrap(self, owner: Any, name: str, what: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(inner)
        def timed(*args: Any, **kwargs: Any) -> Any:
            # Only the main thread's time passes for the run; an event stream listens beside it.
            if self._within or threading.current_thread() is not threading.main_thread():
                return inner(*args, **kwargs)
            self._within.append(what)
            begun = time.monotonic()
            try:
                return inner(*args, **kwargs)
            finally:
                self._within.pop()
                self._add(what, time.monotonic() - begun)

        setattr(owner, name, timed)

    def _add(self, what: str, seconds: float) -> None:
        self._seconds[what] = self._seconds.get(what, 0.0) + seconds
        self._calls[what] = self._calls.get(what, 0) + 1

    def _name_abra_commands(self) -> None:
        """List the seconds of each call by its subcommand: the tool's time has parts of its own."""
        inner: Callable[..., Any] = Abra.__call__

        @functools.wraps(inner)
        def named(abra: Abra, *words: str, **kwargs: Any) -> Any:
            begun = time.monotonic()
            try:
                return inner(abra, *words, **kwargs)
            finally:
                plain = [word for word in words[:3] if re.fullmatch(r"--version|[a-z]+", word)]
                self._abra.setdefault(" ".join(plain), []).append(time.monotonic() - begun)

        setattr(Abra, "__call__", named)  # noqa: B010

    def _count_holding(self) -> None:
        """A page must keep answering for a while: time that the suite takes on purpose."""
        inner: Callable[..., Any] = AppDriver.wait_healthy

        @functools.wraps(inner)
        def counted(driver: AppDriver, holding_seconds: float = 0) -> Any:
            answer = inner(driver, holding_seconds)
            self._held += holding_seconds
            return answer

        setattr(AppDriver, "wait_healthy", counted)  # noqa: B010
