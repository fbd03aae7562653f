"""Runs the hooks of a stack in the containers of its services; detects replaced containers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from backupbot.errors import BackupError
from backupbot.plan import Hook, Service
from backupbot.swarm import CommandResult

# A dump is often `dump | gzip > file`. If the dump fails, a plain sh counts that as success. So
# pipefail is set if the shell of the image has it: bash (which the original uses), busybox, and
# newer versions of dash.
_SHELL = (
    'if command -v bash >/dev/null 2>&1; then exec bash -o pipefail -c "$1"; fi; '
    "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi; "
    'eval "$1"'
)


class Containers(Protocol):
    """The methods of the Swarm that hooks use; see swarm.Swarm."""

    def container_of(self, service: Service) -> str: ...

    def run(self, container: str, command: list[str]) -> CommandResult: ...


class HookRunner:
    """Runs hooks, and remembers in which container each service ran its first one.

    Args:
        containers: the Swarm.
        say: is called with each line of progress.
    """

    def __init__(self, containers: Containers, say: Callable[[str], None]) -> None:
        self._containers = containers
        self._say = say
        self._first_seen: dict[str, tuple[Service, str]] = {}

    def run(self, kind: str, hooks: Sequence[Hook]) -> None:
        """Run hooks in order, until one fails.

        Args:
            kind: the kind of the hooks for messages, such as "backup pre-hook".
            hooks: the hooks to run.

        Raises:
            BackupError: one failed; the message has the service, the exit code and the end of the
                output.
        """
        for hook in hooks:
            self._run_one(kind, hook)

    def run_all(self, kind: str, hooks: Sequence[Hook]) -> list[str]:
        """Run all hooks in order; return the messages of those that failed."""
        failures = []
        for hook in hooks:
            try:
                self._run_one(kind, hook)
            except BackupError as failure:
                failures.append(str(failure))
        return failures

    def check_same_containers(self) -> None:
        """Check that every service that ran a hook still has the same container.

        Raises:
            BackupError: a container was replaced, so its dump may be incomplete; the message names
                the service.
        """
        for service, container in self._first_seen.values():
            if self._containers.container_of(service) != container:
                raise BackupError(
                    f"the container of service {service.name} was replaced during the backup"
                )

    def services_that_ran(self) -> frozenset[str]:
        """Return the short names of the services in which a hook was started."""
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
                + (f"; its output:\n{result.output}" if result.output else ", without output")
            )
