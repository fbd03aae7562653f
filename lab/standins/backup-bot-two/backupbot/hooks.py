"""Runs the hooks of a stack in its services' containers, and notices a replaced container."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from backupbot.errors import BackupError
from backupbot.plan import Hook, Service
from backupbot.swarm import CommandResult

# A dump is often `dump | gzip > file`, and plain sh calls that a success when the dump fails. So
# pipefail wherever the image's shell knows it: bash (which the original uses), busybox and newer
# dash; a shell without it runs the command as it is.
_SHELL = (
    'if command -v bash >/dev/null 2>&1; then exec bash -o pipefail -c "$1"; fi; '
    "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi; "
    'eval "$1"'
)


class Containers(Protocol):
    """What hooks need of the Swarm; see swarm.Swarm."""

    def container_of(self, service: Service) -> str: ...

    def run(self, container: str, command: list[str]) -> CommandResult: ...


class HookRunner:
    """Runs hooks, each in the container that its service had at first.

    Args:
        containers: the Swarm.
        say: takes a line of progress.
    """

    def __init__(self, containers: Containers, say: Callable[[str], None]) -> None:
        self._containers = containers
        self._say = say
        self._first_seen: dict[str, tuple[Service, str]] = {}

    def run(self, kind: str, hooks: Sequence[Hook]) -> None:
        """Run hooks in order; the first failure ends it.

        Args:
            kind: "backup pre-hook" and the like, for messages.
            hooks: what to run.

        Raises:
            BackupError: naming the service, the exit code and the end of the hook's output.
        """
        for hook in hooks:
            self._run_one(kind, hook)

    def run_all(self, kind: str, hooks: Sequence[Hook]) -> list[str]:
        """Run hooks in order, whatever each does; returns the failures' messages."""
        failures = []
        for hook in hooks:
            try:
                self._run_one(kind, hook)
            except BackupError as failure:
                failures.append(str(failure))
        return failures

    def check_same_containers(self) -> None:
        """Assert that every service that ran a hook still has the container that ran it.

        Raises:
            BackupError: naming the service. A dump in a container that was replaced while it
                was written or read may be cut short.
        """
        for service, container in self._first_seen.values():
            if self._containers.container_of(service) != container:
                raise BackupError(
                    f"the container of service {service.name} was replaced during the backup"
                )

    def services_that_ran(self) -> frozenset[str]:
        """Short names of the services in which a hook was at least begun."""
        return frozenset(self._first_seen)

    def _run_one(self, kind: str, hook: Hook) -> None:
        name = hook.service.name
        try:
            container = self._containers.container_of(hook.service)
            self._first_seen.setdefault(name, (hook.service, container))
            self._say(f"{kind} of {name}")
            result = self._containers.run(container, ["sh", "-c", _SHELL, "sh", hook.command])
        except BackupError as failure:
            raise BackupError(f"{kind} of service {name} could not run: {failure}") from failure
        if result.exit_code is None:
            raise BackupError(f"{kind} of service {name} did not end: its container was stopped")
        if result.exit_code:
            raise BackupError(
                f"{kind} of service {name} failed with exit code {result.exit_code}"
                + (f"; it said:\n{result.output}" if result.output else " and said nothing")
            )
