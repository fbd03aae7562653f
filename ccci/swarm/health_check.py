"""A service's health check, as Docker runs it in the service's containers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SHELL = ["/bin/sh", "-c"]
# Docker's own, where a check names none: of one try, and between two.
_SECONDS = 30.0
_RETRIES = 3


@dataclass(frozen=True)
class HealthCheck:
    """The command that says whether a container is healthy: it does so by its exit code 0.

    Attributes:
        command: the program and its arguments.
        seconds: how long it may take; what takes longer counts as not healthy.
        patience_seconds: how long a container may start before the check ends it.
        alarm_seconds: how long one that started may not answer before the check ends it.
    """

    command: tuple[str, ...]
    seconds: float = _SECONDS
    patience_seconds: float = _RETRIES * _SECONDS
    alarm_seconds: float = _RETRIES * _SECONDS

    def __str__(self) -> str:
        return " ".join(self.command)


def health_check_of(config: Mapping[str, Any]) -> HealthCheck | None:
    """Return the health check of a container; None if it has none.

    Args:
        config: the container's `Config`, as Docker inspects it. It has the check of the compose
            file, and what that leaves out, of the image.

    Example:
        >>> health_check_of({"Healthcheck": {"Test": ["CMD", "true"]}})
        HealthCheck(command=('true',), seconds=30.0, patience_seconds=90.0, alarm_seconds=90.0)
        >>> health_check_of({"Healthcheck": {"Test": ["NONE"]}})
    """
    table = config.get("Healthcheck") or {}
    kind, *rest = table.get("Test") or ["NONE"]
    shell = config.get("Shell") or _SHELL
    command = {"CMD": rest, "CMD-SHELL": [*shell, *rest] if rest else []}.get(kind, [])
    if not command:
        return None
    # Docker takes 0 for its own number.
    seconds, interval, start = (
        table.get(key, 0) / 1e9 for key in ("Timeout", "Interval", "StartPeriod")
    )
    tries = table.get("Retries", 0) or _RETRIES
    alarm = tries * (interval or _SECONDS)
    return HealthCheck(tuple(command), seconds or _SECONDS, start + alarm, alarm)
