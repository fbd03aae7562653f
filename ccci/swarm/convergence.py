"""Waiting until a stack runs as it should, by listening to it instead of polling blindly."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.view import Service, SwarmView, Task, wait_for_event

# A container that dies now and then while its database starts is normal; three in a row is a loop.
DEATHS_THAT_MAKE_A_LOOP = 3
# Container events of other nodes are not heard, and an update's end is no container event.
_LOOK_AT_LEAST_EVERY_SECONDS = 0.5
# The Swarm takes note of a container's news a moment after the event that tells of them.
_LOOK_CLOSELY_EVERY_SECONDS = 0.05
_LOOK_CLOSELY_FOR_SECONDS = 1.0


@dataclass(frozen=True)
class Converged:
    """A stack that runs as it should: its services, and the seconds it took to get there."""

    services: tuple[Service, ...]
    seconds: float


def wait_until_converged(
    swarm: SwarmView,
    stack: str,
    within_seconds: float,
    tell: Callable[[str], None] = lambda _: None,
    ignore_tasks: frozenset[str] = frozenset(),
) -> Converged:
    """Wait until every service of a stack runs the tasks it wants, healthy and of its last update.

    Args:
        swarm: where to look.
        stack: the stack's name.
        within_seconds: the deadline.
        tell: told what is waited for, whenever that changes.
        ignore_tasks: tasks that died before this wait and say nothing about it.

    Raises:
        RecipeFailure: a service crash-loops (told at its third death), was rolled back, or did
            not converge in time. The sentence quotes exit code and last log lines.
        NodeFailure: the node cannot run it: an image is not available, or no node has room.
    """
    begun = time.monotonic()
    said = ""
    closely_until = begun
    with swarm.events(stack) as heard:
        while True:
            services = swarm.services(stack)
            waited = time.monotonic() - begun
            for service in services:
                _complain_of(service, swarm, ignore_tasks, waited)
            if services and all(service.settled for service in services):
                return Converged(tuple(services), waited)
            pending = "; ".join(str(s) for s in services if not s.settled) or "no service yet"
            if pending != said:
                tell(f"waiting for {pending}")
                said = pending
            if waited > within_seconds:
                raise _too_late(services, swarm, within_seconds)
            closely = time.monotonic() < closely_until
            pause = _LOOK_CLOSELY_EVERY_SECONDS if closely else _LOOK_AT_LEAST_EVERY_SECONDS
            if wait_for_event(heard, min(pause, within_seconds - waited + 0.01)):
                closely_until = time.monotonic() + _LOOK_CLOSELY_FOR_SECONDS


def _complain_of(service: Service, swarm: SwarmView, ignore: frozenset[str], waited: float) -> None:
    if service.update_state in ("paused", "rollback_completed", "rollback_paused"):
        raise RecipeFailure(
            f"Service {service.short_name}: the update did not go through (it is "
            f"{service.update_state} after {waited:.1f} s). Expected the new version to run."
            + _last_log_lines(service, swarm)
        )
    dead = [t for t in service.tasks if t.dead and t.id not in ignore]
    rejected = next((t for t in dead if t.state == "rejected" and "image" in t.message), None)
    if rejected:
        raise NodeFailure(
            f"Service {service.short_name}: image {service.image} is not available on this "
            f"node ({rejected.message})."
        )
    if len(dead) >= DEATHS_THAT_MAKE_A_LOOP:
        raise RecipeFailure(
            f"Service {service.short_name} crash-loops: {len(dead)} tasks died within "
            f"{waited:.1f} s, the last with {_how(dead[0])}. Expected it to stay up."
            + _last_log_lines(service, swarm)
        )


def _too_late(services: list[Service], swarm: SwarmView, seconds: float) -> Exception:
    if not services:
        return NodeFailure(f"No service of the stack appeared within {seconds:g} s.")
    late = [service for service in services if not service.settled]
    words = "".join(_last_log_lines(service, swarm) for service in late)
    state = "; ".join(map(str, late))
    no_room = [t for s in late for t in s.tasks[:1] if "no suitable node" in t.message]
    if no_room:
        return NodeFailure(f"No node has room after {seconds:g} s: {state}.{words}")
    return RecipeFailure(
        f"Expected every service to run and be healthy within {seconds:g} s; last seen: {state}. "
        f"Look at the health check and at 'docker service ps {late[0].name}'.{words}"
    )


def _how(task: Task) -> str:
    code = "no exit code" if task.exit_code is None else f"exit code {task.exit_code}"
    return f"{code} ({task.message})" if task.message else code


def _last_log_lines(service: Service, swarm: SwarmView) -> str:
    words = swarm.last_log_lines(service)
    return (
        f"\nLast log lines of {service.short_name}:\n{words}"
        if words
        else (f"\nService {service.short_name} wrote no log.")
    )
