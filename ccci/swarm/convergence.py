"""Waits until every service of a stack runs, by Docker's events and by polling."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.limit_watch import LimitWatch
from ccci.swarm.meant import USUAL, Meant
from ccci.swarm.view import Service, SwarmView, Task, wait_for_event

# A container may die once or twice while its database starts; the third time it is a crash loop.
DEATHS_OF_A_CRASH_LOOP = 3
# There are no events for containers on other nodes, nor for the end of an update.
_POLL_SECONDS = 0.5
# The Swarm notices a change of a container a moment after Docker's event for it.
_POLL_AFTER_EVENT_SECONDS = 0.05
_POLL_OFTEN_FOR_SECONDS = 1.0


@dataclass(frozen=True)
class Converged:
    """A stack whose services all run: the services, and the seconds that it took."""

    services: tuple[Service, ...]
    seconds: float


def wait_until_converged(
    swarm: SwarmView,
    stack: str,
    within_seconds: float,
    tell: Callable[[str], None] = lambda _: None,
    ignore_tasks: frozenset[str] = frozenset(),
    limits: LimitWatch | None = None,
    meant: Meant = USUAL,
) -> Converged:
    """Wait until every service of a stack runs all its tasks, healthy and of its last update.

    Args:
        swarm: where the stack is.
        stack: its name.
        within_seconds: the deadline.
        tell: called with what is waited for, whenever that changes.
        ignore_tasks: tasks that died before this wait.
        limits: the watch over the limits of the services.
        meant: which services may end, or have no replica.

    Raises:
        RecipeFailure: a service exceeded a limit, crash-loops (three deaths), has ended for good,
            has no replica, was rolled back, or did not converge in time. The sentence has the exit
            code and the last log lines.
        NodeFailure: the node cannot run it: an image is not available, a container cannot be
            started, or no node has room.
    """
    begun = time.monotonic()
    last_told = ""
    often_until = begun
    with swarm.events(stack) as events:
        while True:
            services = swarm.services(stack)
            waited = time.monotonic() - begun
            if limits:
                limits.require(stack)
            for service in services:
                _check(service, swarm, meant)
                check_deaths(service, swarm, ignore_tasks, meant)
            late = [service for service in services if not meant.settled(service)]
            if services and not late:
                for idle in (service for service in services if service.replicas == 0):
                    tell(f"{idle.short_name} has no replica: nothing of it runs")
                return Converged(tuple(services), waited)
            pending = "; ".join(map(str, late)) or "no service yet"
            if pending != last_told:
                tell(f"waiting for {pending}")
                last_told = pending
            if waited > within_seconds:
                raise _too_late(services, late, swarm, within_seconds)
            often = time.monotonic() < often_until
            pause = _POLL_AFTER_EVENT_SECONDS if often else _POLL_SECONDS
            if wait_for_event(events, min(pause, within_seconds - waited + 0.01)):
                often_until = time.monotonic() + _POLL_OFTEN_FOR_SECONDS


def look_for_crash_loop(
    swarm: SwarmView, stack: str, ignore_tasks: frozenset[str], meant: Meant, only: str = ""
) -> None:
    """Fail when a service of a stack crash-loops, or has ended for good; see `check_deaths`.

    For the time in which something else is waited for, as the end of `abra app restart`.

    Args:
        swarm: where the stack is.
        stack: its name.
        ignore_tasks: tasks whose deaths do not count.
        meant: which services may end.
        only: the one service to look at, by its name in the compose file; "" for all.
    """
    for service in swarm.services(stack):
        if only in ("", service.short_name):
            check_deaths(service, swarm, ignore_tasks, meant)


def check_deaths(
    service: Service, swarm: SwarmView, ignore_tasks: frozenset[str], meant: Meant
) -> None:
    """Fail when a service cannot come up any more.

    Raises:
        RecipeFailure: it died three times, or ended and is not started again.
        NodeFailure: it cannot be started here: its image is not available, or the engine fails.
    """
    known = [task for task in service.tasks if task.id not in ignore_tasks]
    dead = [task for task in meant.deaths_of(service) if task in known]
    rejected = next((t for t in dead if t.state == "rejected" and "image" in t.message), None)
    if rejected:
        raise NodeFailure(
            f"Service {service.short_name}: image {service.image} is not available on this "
            f"node ({rejected.message})."
        )
    unstarted = [task for task in known if task.could_not_start]
    if len(unstarted) >= DEATHS_OF_A_CRASH_LOOP:
        raise NodeFailure(
            f"Service {service.short_name}: Docker could not start its container "
            f"{len(unstarted)} times, the last time because: {unstarted[0].message}."
        )
    if len(dead) >= DEATHS_OF_A_CRASH_LOOP:
        seconds = (dead[0].created - dead[-1].created).total_seconds()
        raise RecipeFailure(
            f"Service {service.short_name} crash-loops: {len(dead)} tasks died within "
            f"{seconds:g} s, the last with {exit_of(dead[0])}. Expected it to stay up."
            + last_log_lines(service, swarm)
        )
    if dead and meant.is_over(service, ignore_tasks):
        raise RecipeFailure(
            f"Service {service.short_name} ended with {exit_of(dead[0])}, and its restart policy "
            f"({service.restart}) does not start it again. Expected it to stay up; if it is meant "
            "to end, say so in [meant_to_end] of recipe.toml." + last_log_lines(service, swarm)
        )


def _check(service: Service, swarm: SwarmView, meant: Meant) -> None:
    """Fail when a service's definition or update says that it cannot converge."""
    if service.update_state in ("paused", "rollback_completed", "rollback_paused"):
        raise RecipeFailure(
            f"Service {service.short_name}: the update did not go through "
            f"({service.update_state}). Expected the new version to run."
            + last_log_lines(service, swarm)
        )
    if service.replicas == 0 and not meant.may_be_idle(service):
        raise RecipeFailure(
            f"Service {service.short_name} has no replica: nothing of it runs. If that is meant, "
            "say so in [no_replica] of recipe.toml."
        )


def _too_late(
    services: list[Service], late: list[Service], swarm: SwarmView, seconds: float
) -> Exception:
    if not services:
        return NodeFailure(f"No service of the stack appeared within {seconds:g} s.")
    logs = "".join(last_log_lines(service, swarm) for service in late)
    state = "; ".join(map(str, late))
    waiting = [t.message for s in late for t in s.tasks[:1] if "no suitable node" in t.message]
    if any("constraints not satisfied" in message for message in waiting):
        return RecipeFailure(
            f"Expected a node that meets the service's placement constraints within {seconds:g} s; "
            f"last seen: {state}. Look at deploy.placement in the compose file.{logs}"
        )
    for service in late:
        if _waits_for_its_own_port(service):
            return RecipeFailure(
                f"Service {service.short_name}: its new task waits for a port of the node that its "
                f"old task keeps, after {seconds:g} s: {state}. A service that publishes a port in "
                f"host mode needs 'order: stop-first' in deploy.update_config.{logs}"
            )
    if waiting:
        return NodeFailure(f"No node has room after {seconds:g} s: {state}.{logs}")
    return RecipeFailure(
        f"Expected every service to run and be healthy within {seconds:g} s; last seen: {state}. "
        f"Look at the health check and at 'docker service ps {late[0].name}'.{logs}"
    )


def _waits_for_its_own_port(service: Service) -> bool:
    """Return whether a service's newest task waits for a port that an older one has."""
    if not service.tasks or "host-mode port already in use" not in service.tasks[0].message:
        return False
    return any(task.state == "running" and not task.current for task in service.tasks)


def exit_of(task: Task) -> str:
    """Return a task's exit code and what the Swarm says of its end."""
    code = "no exit code" if task.exit_code is None else f"exit code {task.exit_code}"
    return f"{code} ({task.message})" if task.message else code


def last_log_lines(service: Service, swarm: SwarmView) -> str:
    """Return what a service logged last, to end a sentence with."""
    lines = swarm.last_log_lines(service)
    if not lines:
        return f"\nService {service.short_name} logged nothing."
    return f"\nLast log lines of {service.short_name}:\n{lines}"
