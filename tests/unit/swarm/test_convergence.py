"""Readiness, told from what the Swarm says; and failures told before the deadline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.convergence import wait_until_converged
from ccci.swarm.view import Service, SwarmView, Task, _service

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Task("r", "running", "running", True, NOW, None, "")
STARTING = replace(RUNNING, id="s", state="starting")
SERVICE = Service("id", "shop_app", "app", "nginx:1", {}, 1, "", False, (RUNNING,))


def dead(number: int, message: str = "task: non-zero exit (1)", state: str = "failed") -> Task:
    return Task(f"d{number}", state, "shutdown", True, NOW + timedelta(number), 1, message)


class Watched:
    """A Swarm that shows one state after the other, and then the last one for ever."""

    def __init__(self, *states: list[Service]) -> None:
        self.states = list(states)

    def services(self, stack: str) -> list[Service]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def last_log_lines(self, service: Service) -> str:
        return "no space left on device"

    @contextmanager
    def events(self, stack: str) -> Iterator["Queue[None]"]:
        heard: Queue[None] = Queue()
        heard.put(None)
        yield heard


def wait(*states: list[Service], seconds: float = 0.3, ignore: frozenset[str] = frozenset()) -> Any:
    swarm = cast(SwarmView, Watched(*states))
    return wait_until_converged(swarm, "shop", seconds, ignore_tasks=ignore)


def test_running_and_settled_is_converged() -> None:
    starting = replace(SERVICE, tasks=(STARTING,))
    assert wait([], [starting], [SERVICE]).services == (SERVICE,)


@pytest.mark.parametrize(
    "service",
    [
        replace(SERVICE, tasks=()),
        replace(SERVICE, tasks=(STARTING,)),
        replace(SERVICE, tasks=(replace(RUNNING, wanted="shutdown"),)),
        replace(SERVICE, tasks=(replace(RUNNING, current=False),)),
        replace(SERVICE, tasks=(RUNNING, replace(RUNNING, id="o", current=False))),
        replace(SERVICE, replicas=2),
        replace(SERVICE, update_state="updating"),
        replace(SERVICE, tasks=(dead(1), dead(2))),
    ],
)
def test_anything_less_is_not(service: Service) -> None:
    with pytest.raises(RecipeFailure, match=r"(?s)within 0\.3 s; last seen: app: .*no space left"):
        wait([service])


def test_the_third_death_is_a_crash_loop_before_the_deadline() -> None:
    looping = replace(SERVICE, tasks=(STARTING, dead(3), dead(2), dead(1)))
    with pytest.raises(RecipeFailure, match=r"(?s)3 tasks died .*exit code 1 .*no space left"):
        wait([looping], seconds=60)
    assert wait([looping], [SERVICE], seconds=60, ignore=frozenset({"d1"}))


@pytest.mark.parametrize("state", ["paused", "rollback_completed", "rollback_paused"])
def test_an_update_that_stopped_is_a_failure_at_once(state: str) -> None:
    with pytest.raises(RecipeFailure, match="did not go through"):
        wait([replace(SERVICE, update_state=state)], seconds=60)


def test_an_image_that_cannot_be_had_is_the_nodes_fault() -> None:
    rejected = dead(1, "No such image: nginx:1", "rejected")
    with pytest.raises(NodeFailure, match="nginx:1 is not available"):
        wait([replace(SERVICE, tasks=(rejected,))], seconds=60)


def test_a_node_without_room_is_the_nodes_fault() -> None:
    waiting = replace(STARTING, state="pending", message="no suitable node (insufficient memory)")
    with pytest.raises(NodeFailure, match="No node has room"):
        wait([replace(SERVICE, tasks=(waiting,))])
    with pytest.raises(NodeFailure, match="No service of the stack appeared"):
        wait([])


def test_a_one_shot_may_end_but_a_server_may_not() -> None:
    ended = {
        "ID": "t", "CreatedAt": "2026-01-01T00:00:00.0Z", "DesiredState": "shutdown",
        "Spec": {"ContainerSpec": {"Image": "x:1"}}, "Status": {"State": "complete"},
    }  # fmt: skip

    def made(condition: str, **spec: Any) -> Service:
        container = {"Image": "x:1@sha256:0", **spec}
        raw = {
            "ID": "s",
            "Spec": {
                "Name": "shop_app",
                "TaskTemplate": {
                    "ContainerSpec": container, "RestartPolicy": {"Condition": condition}
                },
                "Mode": {"Replicated": {"Replicas": 1}},
            },
        }  # fmt: skip
        task = {**ended, "Spec": {"ContainerSpec": container}}
        return _service(raw, [task], "shop")

    assert made("none").settled
    assert made("on-failure").settled
    assert not made("on-failure", Healthcheck={"Test": ["CMD", "true"]}).settled
    assert not made("any").settled
    assert made("any").image == "x:1"
