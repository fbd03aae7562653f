"""The Docker daemon, which may go away and come back while a run is on.

What only reads waits for it within a bound. Whether it went away at all is watched from the
beginning: Docker takes every container with it, so that failures after that say nothing about a
recipe.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import docker
from docker.api.client import APIClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import RequestException

from ccci.waiting import Look, TooLate, wait_for

if TYPE_CHECKING:
    from docker import DockerClient

AWAY_SECONDS = 60.0
_TIMEOUT_SECONDS = 60
_READY_SECONDS = 10
_AT_ONCE_SECONDS = 0.5
_AGAIN_SECONDS = 1.0
_ANY_END = (DockerException, RequestException, OSError, HTTPException, AttributeError, ValueError)


class PatientApi(APIClient):
    """Docker's API, which waits for the daemon where a request only reads."""

    away_seconds = AWAY_SECONDS

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request; one that only reads is sent again when the daemon is back.

        Raises:
            requests.exceptions.ConnectionError: it did not come back within `away_seconds`, or the
                request changes something.
        """
        if request.method not in ("GET", "HEAD"):
            return super().send(request, **kwargs)
        last: list[Any] = []

        def look() -> Look:
            try:
                last[:] = [super(PatientApi, self).send(request, **kwargs)]
            except NoConnection as error:
                last[:] = [error]
                return Look(False, str(error))
            # A manager of a Swarm says this while the Swarm starts again.
            ready = last[0].status_code != HTTPStatus.SERVICE_UNAVAILABLE
            return Look(ready, f"status {last[0].status_code}")

        try:
            wait_for("the Docker daemon to answer", look, self.away_seconds, every_seconds=0.5)
        except TooLate:
            if isinstance(last[0], NoConnection):
                raise last[0] from None
        return last[0]


def patient(client: "DockerClient") -> "DockerClient":
    """Make a client of a manager of a Swarm wait for the daemon where a request only reads.

    On a machine without a Swarm each question about it would be waited for in vain.
    """
    client.api = PatientApi(
        version=client.api.api_version, timeout=_TIMEOUT_SECONDS, **kwargs_from_env()
    )
    return client


def is_ready() -> bool:
    """Return whether the daemon answers, and its Swarm too, if it has one."""
    try:
        client = docker.from_env(timeout=_READY_SECONDS)
        swarm = client.info().get("Swarm", {})
        if swarm.get("LocalNodeState") == "active" and swarm.get("ControlAvailable"):
            client.services.list()
        return swarm.get("LocalNodeState") in ("active", "inactive")
    except (DockerException, RequestException, OSError):
        return False


class DaemonWatch:
    """Notices that the Docker daemon went away: its stream of events then ends.

    Attributes:
        gone_at: when it first did; None if it never did.
    """

    def __init__(self, connect: "Callable[..., DockerClient]" = docker.from_env) -> None:
        """Take the function that connects to the daemon, with a timeout in seconds."""
        self._connect = connect
        self._pause = Event()
        self.gone_at: datetime | None = None

    def start(self) -> None:
        """Watch in the background, until the daemon goes away or this process ends."""
        Thread(target=self._watch, daemon=True, name="docker daemon").start()

    def _watch(self) -> None:
        while self.gone_at is None:
            # Whatever ends the stream: a proxy between may have done it, so the daemon is asked.
            with suppress(*_ANY_END):
                for _ in self._connect(timeout=_TIMEOUT_SECONDS).events():
                    pass
            ended_at = datetime.now()
            if not self._answers():
                self.gone_at = ended_at
            self._pause.wait(_AGAIN_SECONDS)

    def _answers(self) -> bool:
        """Return whether it answers at once: one that starts again needs longer than that."""
        try:
            return bool(self._connect(timeout=_AT_ONCE_SECONDS).ping())
        except _ANY_END:
            return False
