"""Waits until all services of a stack run as configured."""

import time
from dataclasses import dataclass
from typing import Any

from lab.standins.abracli import engine
from lab.standins.abracli.logs import Fatal

# The final states of an update. 'paused' and 'rollback_paused' never change by themselves.
_SETTLED = {"", "completed", "rollback_completed"}
_FAILED = {"paused", "rollback_paused", "rollback_completed"}
_POLL_SECONDS = 0.2
# Even a program that fails at its start runs for a moment: the tasks must not change for this long.
_SETTLED_SECONDS = 2.0


@dataclass(frozen=True)
class ServiceState:
    """The state of a service.

    Attributes:
        name: the full name of the service.
        running: how many tasks run its current specification.
        wanted: how many should run.
        update: the state in UpdateStatus, or "".
        update_started: when this update started; that of an earlier deployment has another time.
        last_task: the state and the error of the newest task.
        tasks: the ids of the running tasks.
    """

    name: str
    running: int
    wanted: int
    update: str
    update_started: str
    last_task: str
    tasks: frozenset[str] = frozenset()

    @property
    def converged(self) -> bool:
        """Whether all its tasks run, and no update is in progress."""
        return self.running >= self.wanted and self.update in _SETTLED

    def __str__(self) -> str:
        update = f", update {self.update}" if self.update else ""
        return f"{self.name} {self.running}/{self.wanted} ({self.last_task}{update})"


def states_of(stack: str) -> dict[str, ServiceState]:
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
        stack: the name of the stack.
        timeout_seconds: how long to wait.
        before: the states before the deployment, so that an update that failed earlier is ignored.

    Raises:
        Fatal: "deploy timed out" or "deploy failed", with the states of the services.
    """
    started = time.monotonic()
    running: dict[str, frozenset[str]] = {}
    since = started
    while True:
        states = states_of(stack)
        now = {name: state.tasks for name, state in states.items()}
        if now != running:
            running, since = now, time.monotonic()
        failed = [
            state
            for name, state in states.items()
            if state.update in _FAILED
            and (name not in before or before[name].update_started != state.update_started)
        ]
        if failed:
            raise Fatal(f"deploy failed: {'; '.join(map(str, failed))}")
        waiting = [state for state in states.values() if not _done(state, before)]
        if not waiting and time.monotonic() - since >= _SETTLED_SECONDS:
            return
        if waiting and time.monotonic() - started >= timeout_seconds:
            listed = "; ".join(map(str, waiting))
            raise Fatal(f"deploy timed out after {timeout_seconds:g} s: {listed}")
        time.sleep(_POLL_SECONDS)


def wait_until_gone(stack: str, timeout_seconds: float) -> None:
    """Wait until no container of an undeployed stack is running.

    Raises:
        Fatal: some still are; the message names them.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        # Containers, not tasks: Swarm deletes the tasks of a removed service before they end.
        running = [
            str(container["Names"][0]).lstrip("/")
            for container in engine.of_stack("containers", stack)
            if container["State"] in ("running", "restarting", "paused")
        ]
        if not running:
            return
        if time.monotonic() >= deadline:
            raise Fatal(f"undeploy timed out, still running: {', '.join(running)}")
        time.sleep(_POLL_SECONDS)


def _done(state: ServiceState, before: dict[str, ServiceState]) -> bool:
    earlier = before.get(state.name)
    if earlier and (earlier.update, earlier.update_started) == (state.update, state.update_started):
        # This deployment did not update it: the result of an earlier update does not matter.
        return state.running >= state.wanted
    return state.converged


def _comparable(spec: dict[str, Any]) -> object:
    # A task's copy of the specification has no default values and no restart policy.
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
    # An update may not have started yet: only tasks with the current specification count.
    current = [task for task in own if _comparable(task["Spec"]) == _comparable(template)]
    running = [t for t in current if t["Status"]["State"] == "running" == t["DesiredState"]]
    finished = 0
    if template.get("RestartPolicy", {}).get("Condition") in ("none", "on-failure"):
        # A one-shot service, for example for a migration, is done when its task has succeeded.
        finished = len({t.get("Slot") for t in current if t["Status"]["State"] == "complete"})
    mode = spec["Mode"]
    if "Replicated" in mode:
        number = int(mode["Replicated"].get("Replicas", 1))
    else:
        number = len({t["NodeID"] for t in own if t["DesiredState"] == "running"}) or 1
    update = service.get("UpdateStatus") or {}
    last = own[-1]["Status"] if own else {}
    last_task = f"{last.get('State', 'no task yet')} {last.get('Err', '')}".strip()
    return ServiceState(
        str(spec["Name"]),
        len(running) + finished,
        number,
        str(update.get("State") or ""),
        str(update.get("StartedAt") or ""),
        last_task,
        frozenset(str(task["ID"]) for task in running),
    )
