"""Waiting until a stack's services run what they were told to."""

import time
from dataclasses import dataclass
from typing import Any

from lab.standins.abracli import engine
from lab.standins.abracli.logs import Fatal

# What a service's update can end in. 'paused' and 'rollback_paused' never clear by themselves.
_SETTLED = {"", "completed", "rollback_completed"}
_FAILED = {"paused", "rollback_paused", "rollback_completed"}
_LOOK_EVERY_SECONDS = 0.2
# A program that ends at once is up for a moment: the same tasks must run for this long.
_SETTLED_SECONDS = 2.0


@dataclass(frozen=True)
class ServiceState:
    """How far one service is.

    Attributes:
        name: its full name.
        running: tasks that run its present specification.
        wanted: how many there should be.
        update: UpdateStatus' state, "" when there is none.
        update_begun: when that update began; tells this deployment's from an earlier one's.
        last_task: state and error of the newest task.
        tasks: the ids of those running.
    """

    name: str
    running: int
    wanted: int
    update: str
    update_begun: str
    last_task: str
    tasks: frozenset[str] = frozenset()

    @property
    def converged(self) -> bool:
        """Whether it runs as it should and no update is under way."""
        return self.running >= self.wanted and self.update in _SETTLED

    def __str__(self) -> str:
        update = f", update {self.update}" if self.update else ""
        return f"{self.name} {self.running}/{self.wanted} ({self.last_task}{update})"


def look(stack: str) -> dict[str, ServiceState]:
    """Return the state of each service of a stack, by name."""
    tasks = engine.of_stack("tasks", stack)
    return {
        str(service["Spec"]["Name"]): _state(service, tasks)
        for service in engine.of_stack("services", stack)
    }


def wait_until_converged(
    stack: str,
    timeout_seconds: float,
    before: dict[str, ServiceState],
) -> None:
    """Wait until every service of the stack has converged.

    Args:
        stack: the stack's name.
        timeout_seconds: after that it has failed.
        before: the states before the deployment: an update that failed earlier is no news.

    Raises:
        Fatal: "deploy timed out" or "deploy failed", with the services' states.
    """
    begun = time.monotonic()
    running: dict[str, frozenset[str]] = {}
    since = begun
    while True:
        states = look(stack)
        now = {name: state.tasks for name, state in states.items()}
        if now != running:
            running, since = now, time.monotonic()
        failed = [
            state
            for name, state in states.items()
            if state.update in _FAILED
            and (name not in before or before[name].update_begun != state.update_begun)
        ]
        if failed:
            raise Fatal(f"deploy failed: {'; '.join(map(str, failed))}")
        waiting = [state for state in states.values() if not _done(state, before)]
        if not waiting and time.monotonic() - since >= _SETTLED_SECONDS:
            return
        if waiting and time.monotonic() - begun >= timeout_seconds:
            shown = "; ".join(map(str, waiting))
            raise Fatal(f"deploy timed out after {timeout_seconds:g} s: {shown}")
        time.sleep(_LOOK_EVERY_SECONDS)


def wait_until_gone(stack: str, timeout_seconds: float) -> None:
    """Wait until no task of an undeployed stack runs any more.

    Raises:
        Fatal: some still do; they are named.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        # Containers, not tasks: the Swarm forgets a removed service's tasks before they end.
        running = [
            str(container["Names"][0]).lstrip("/")
            for container in engine.of_stack("containers", stack)
            if container["State"] in ("running", "restarting", "paused")
        ]
        if not running:
            return
        if time.monotonic() >= deadline:
            raise Fatal(f"undeploy timed out, still running: {', '.join(running)}")
        time.sleep(_LOOK_EVERY_SECONDS)


def _done(state: ServiceState, before: dict[str, ServiceState]) -> bool:
    earlier = before.get(state.name)
    if earlier and earlier.update == state.update and earlier.update_begun == state.update_begun:
        # Not touched by this deployment: how an earlier update ended does not matter.
        return state.running >= state.wanted
    return state.converged


def _told(spec: dict[str, Any]) -> object:
    # A task's copy of the specification lacks what has its default value, and the restart policy.
    return _without_defaults(
        {k: v for k, v in spec.items() if k not in ("RestartPolicy", "Runtime")}
    )


def _without_defaults(value: object) -> object:
    if isinstance(value, dict):
        kept = {k: _without_defaults(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, False, 0, "", {}, [])}
    return [_without_defaults(one) for one in value] if isinstance(value, list) else value


def _state(service: dict[str, Any], tasks: list[dict[str, Any]]) -> ServiceState:
    spec = service["Spec"]
    template = spec["TaskTemplate"]
    own = sorted(
        (task for task in tasks if task["ServiceID"] == service["ID"]),
        key=lambda task: str(task["CreatedAt"]),
    )
    # An update may not have begun yet: only tasks with the present specification count.
    current = [task for task in own if _told(task["Spec"]) == _told(template)]
    running = [t for t in current if t["Status"]["State"] == "running" == t["DesiredState"]]
    finished = 0
    if template.get("RestartPolicy", {}).get("Condition") in ("none", "on-failure"):
        # A one-shot service (creates a bucket, say) is done when its task ended well.
        finished = len({t.get("Slot") for t in current if t["Status"]["State"] == "complete"})
    mode = spec["Mode"]
    if "Replicated" in mode:
        number = int(mode["Replicated"].get("Replicas", 1))
    else:
        number = len({t["NodeID"] for t in own if t["DesiredState"] == "running"}) or 1
    update = service.get("UpdateStatus") or {}
    last = own[-1]["Status"] if own else {}
    said = f"{last.get('State', 'no task yet')} {last.get('Err', '')}".strip()
    return ServiceState(
        str(spec["Name"]),
        len(running) + finished,
        number,
        str(update.get("State") or ""),
        str(update.get("StartedAt") or ""),
        said,
        frozenset(str(task["ID"]) for task in running),
    )
