"""Watches the app under test all the time: no task may end, and its page must stay up.

From the moment a deployment has converged, and the page has given its first good answer, until a
step of the run takes the app down. What happens in such a step is measured, not judged: there the
app may be away for a while, and a task may die once or twice.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from docker.errors import DockerException
from requests.exceptions import RequestException

from ccci.deploy.driver import AppDriver
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.view import SwarmView
from ccci.waiting import Look, wait_for
from ccci.watch.page import AnswerWatch, Outage, PageWatch
from ccci.watch.port import PortWatch
from ccci.watch.tasks import Death, TaskWatch
from ccci.web.http import Client

# The steps whose downtime is measured.
Measured = Literal["restart", "upgrade", "restore"]
_SOAK_LOOK_SECONDS = 1.0


class AppWatch:
    """Watches one app, with threads of its own.

    Attributes:
        downtime_seconds: step to the seconds for which the app was away in it.

    Example:
        ``watch = AppWatch(run.driver); watch.start()``
        ``with watch.taking_down("restart"): driver.restart()``
        ``watch.check()``
    """

    def __init__(self, driver: AppDriver, tasks: TaskWatch, page: AnswerWatch) -> None:
        """Watch nothing yet; see `AppWatch.of`."""
        self._driver, self._tasks, self._page = driver, tasks, page
        self._found: list[str] = []
        self._up = False
        self.downtime_seconds: dict[str, float] = {}

    @classmethod
    def of(cls, driver: AppDriver) -> "AppWatch":
        """Return the watch of an app, with connections that no other thread uses.

        Raises:
            NodeFailure: Docker does not answer.
        """
        tasks = TaskWatch(SwarmView(), lambda: driver.app.stack, driver.meant)
        port = driver.health_port(SwarmView())
        if port:
            return cls(driver, tasks, PortWatch(port))
        client = Client(driver.target.server)
        page = PageWatch(client, lambda: driver.health_url, driver.config.health_status)
        return cls(driver, tasks, page)

    def start(self) -> None:
        """Begin to hear Docker's events; the page is asked once the app is up."""
        self._tasks.start()
        self._page.start()

    def stop(self) -> None:
        """End the threads."""
        self._tasks.stop()
        self._page.stop()

    @contextmanager
    def taking_down(self, step: Measured | None = None) -> Iterator[None]:
        """Let a step take the app down, or bring it up; when it ends well, the app is up.

        What happened before is kept for the next `check`.

        Args:
            step: its name, where its downtime is measured; None for a deployment on empty volumes.
        """
        self._keep_what_happened()
        self._up = False
        if step is None:
            self._page.pause()
        try:
            yield
        except BaseException:
            self._page.pause()
            raise
        if step:
            self._measure(step, self._page.take())
        self._look()
        self._tasks.excuse()
        self._page.go_on()
        self._up = True

    def check(self) -> None:
        """Fail when a task ended, or the page was not answered well, outside of such a step.

        Each finding is told once.

        Raises:
            RecipeFailure: that is so, or the app exceeded a limit; the sentence has the times and
                the last log lines.
            NodeFailure: Docker does not answer, or the server's proxy was away meanwhile.
        """
        self._keep_what_happened()
        found, self._found = self._found, []
        if found:
            raise RecipeFailure(
                "Expected the app to stay up, and none of its tasks to end, except where a step of "
                f"the run takes it down. {' '.join(found)}"
            )

    def newest_death(self) -> str:
        """Return how the task ended that ended last since the app was up; "" for none.

        The next `check` still tells of it.
        """
        deaths = self._tasks.deaths() if self._up else []
        return str(deaths[-1]) if deaths else ""

    def soak(self, seconds: float) -> None:
        """Keep the app up and watched for some time.

        Raises:
            RecipeFailure, NodeFailure: see `check`.
        """
        self._driver.record.tell(f"watching the app for {seconds:g} s")
        begun = time.monotonic()

        def look() -> Look:
            self.check()
            return Look(time.monotonic() - begun >= seconds, "still watching")

        wait_for(f"the app to stay up for {seconds:g} s", look, seconds + 60, _SOAK_LOOK_SECONDS)

    def _keep_what_happened(self) -> None:
        """Judge what has happened since the app was up, and keep it for `check`."""
        outages = self._page.take()
        if not self._up:
            return
        self._look()
        deaths = self._tasks.deaths()
        self._tasks.excuse()
        # What was stopped for a limit has ended because of it.
        self._driver.require_limits()
        of_app = [outage for outage in outages if not outage.of_node]
        self._found += [f"{str(death)[0].upper()}{str(death)[1:]}." for death in deaths]
        self._found += [f"{self._driver.health_url} was not answered well {one}." for one in of_app]
        if deaths:
            self._found.append(self._logs_of(deaths[-1]))
        if outages and not of_app and not deaths:
            raise NodeFailure(
                f"The server did not take connections {outages[0]}. Look at Traefik's log."
            )

    def _measure(self, step: Measured, outages: list[Outage]) -> None:
        seconds = outages[-1].end - outages[0].begin if outages else 0.0
        # An app is restarted as it was installed, as it was restored, and as it was upgraded.
        self.downtime_seconds[step] = max(round(seconds, 1), self.downtime_seconds.get(step, 0.0))
        self._driver.record.tell(f"the app was away for {seconds:.1f} s in the {step}")
        bounds = self._driver.config.downtime
        most = {"restart": bounds.restart_seconds, "upgrade": bounds.upgrade_seconds}.get(step)
        if most is not None and seconds > most:
            self._found.append(
                f"The app was away for {seconds:.1f} s in the {step}; [downtime] of recipe.toml "
                f"allows {most:g} s."
            )

    def _look(self) -> None:
        try:
            self._tasks.look()
        except (DockerException, RequestException) as error:
            raise NodeFailure(f"Docker does not answer: {error}") from None

    def _logs_of(self, death: Death) -> str:
        service = next((s for s in self._driver.services() if s.short_name == death.service), None)
        lines = self._driver.last_log_lines(service) if service else ""
        return f"\nLast log lines of {death.service}:\n{lines}" if lines else ""
