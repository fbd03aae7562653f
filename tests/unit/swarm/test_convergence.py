"""Readiness, told from what the Swarm says; and failures told before the deadline."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.convergence import look_for_crash_loop, wait_until_converged
from ccci.swarm.meant import USUAL, Meant
from ccci.swarm.view import Service, SwarmView, Task, _service

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Task("r", "running", "running", True, NOW, None, "")
STARTING = replace(RUNNING, id="s", state="starting")
SERVICE = Service("id", "shop_app", "app", "nginx:1", {}, 1, "", "any", (RUNNING,))


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


def wait(
    *states: list[Service],
    seconds: float = 0.3,
    ignore: frozenset[str] = frozenset(),
    meant: Meant = USUAL,
) -> Any:
    swarm = cast(SwarmView, Watched(*states))
    return wait_until_converged(swarm, "shop", seconds, ignore_tasks=ignore, meant=meant)


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


def test_a_placement_that_no_node_meets_is_the_recipes_fault() -> None:
    message = "no suitable node (scheduling constraints not satisfied on 1 node)"
    waiting = replace(STARTING, state="pending", message=message)
    with pytest.raises(RecipeFailure, match=r"placement constraints .* on 1 node"):
        wait([replace(SERVICE, tasks=(waiting,))])


def test_an_update_that_waits_for_its_own_port_is_the_recipes_fault() -> None:
    message = "no suitable node (host-mode port already in use on 1 node)"
    waiting = replace(STARTING, state="pending", message=message)
    before = replace(RUNNING, id="old", current=False)
    with pytest.raises(RecipeFailure, match=r"its old task keeps.*'order: stop-first'"):
        wait([replace(SERVICE, tasks=(waiting, before))])
    with pytest.raises(NodeFailure, match="No node has room"):
        wait([replace(SERVICE, tasks=(waiting,))])


ENDED = replace(dead(1), state="complete", exit_code=0, message="")
MIGRATE = Meant(to_end=frozenset({"app"}))


def test_to_end_with_0_is_a_death_too() -> None:
    ended = [replace(ENDED, id=f"e{number}") for number in range(3)]
    with pytest.raises(RecipeFailure, match=r"crash-loops: 3 tasks died .*exit code 0\."):
        wait([replace(SERVICE, tasks=(STARTING, *ended))], seconds=60)
    # A job that the Swarm starts again and again has not done its work.
    assert wait([replace(SERVICE, tasks=tuple(ended))], seconds=60, meant=MIGRATE)


@pytest.mark.parametrize("restart", ["none", "on-failure"])
def test_what_is_not_started_again_is_told_at_once(restart: str) -> None:
    ended = replace(SERVICE, restart=restart, tasks=(ENDED,))
    with pytest.raises(RecipeFailure, match=r"ended with exit code 0, and its restart policy \("):
        wait([ended], seconds=60)
    assert wait([ended], seconds=60, meant=MIGRATE)
    failed = replace(SERVICE, restart="none", tasks=(dead(1),))
    with pytest.raises(RecipeFailure, match=r"ended with exit code 1 \(task: non-zero"):
        wait([failed], seconds=60, meant=Meant(to_end=frozenset({"other"})))
    # A task from before, and one of the definition before the update, say nothing of now.
    with pytest.raises(RecipeFailure, match="Expected every service to run"):
        wait([ended], ignore=frozenset({"d1"}))
    with pytest.raises(RecipeFailure, match="Expected every service to run"):
        wait([replace(ended, tasks=(replace(ENDED, current=False),))])


def test_what_is_meant_to_end_must_have_ended() -> None:
    with pytest.raises(RecipeFailure, match="Expected every service to run"):
        wait([SERVICE], meant=MIGRATE)


def test_a_service_without_replica_is_told_of() -> None:
    idle = replace(SERVICE, replicas=0, tasks=())
    with pytest.raises(RecipeFailure, match=r"app has no replica: .* \[no_replica\] of recipe"):
        wait([idle], seconds=60)
    assert wait([idle], meant=Meant(without_replica=frozenset({"app"})))
    # A recipe without recipe.toml cannot name it: then the log does.
    told: list[str] = []
    swarm = cast(SwarmView, Watched([idle]))
    wait_until_converged(swarm, "shop", 1, told.append, meant=Meant(without_replica=None))
    assert told == ["app has no replica: nothing of it runs"]


def test_what_the_engine_could_not_start_is_no_death() -> None:
    busy = "starting container failed: device or resource busy"
    unstarted = [replace(dead(n, busy), exit_code=128) for n in range(3)]
    assert wait([replace(SERVICE, tasks=(RUNNING, *unstarted[:2]))])
    with pytest.raises(NodeFailure, match=r"could not start its container 3 times, .* busy"):
        wait([replace(SERVICE, tasks=(STARTING, *unstarted))], seconds=60)
    # A command that is not there is the recipe's.
    missing = [replace(dead(n, "starting container failed: no such file"), exit_code=127)
               for n in range(3)]  # fmt: skip
    with pytest.raises(RecipeFailure, match="crash-loops: 3 tasks died"):
        wait([replace(SERVICE, tasks=(STARTING, *missing))], seconds=60)


def test_a_crash_loop_is_seen_while_something_else_is_waited_for() -> None:
    looping = replace(SERVICE, tasks=(STARTING, dead(3), dead(2), dead(1)))
    swarm = cast(SwarmView, Watched([looping]))
    look_for_crash_loop(swarm, "shop", frozenset({"d1"}), USUAL)
    with pytest.raises(RecipeFailure, match=r"(?s)crash-loops: 3 .*no space left"):
        look_for_crash_loop(swarm, "shop", frozenset(), USUAL)


def test_the_definition_says_when_a_task_is_started_again() -> None:
    container = {"Image": "x:1@sha256:0"}
    template = {"ContainerSpec": container, "RestartPolicy": {"Condition": "on-failure"}}
    spec = {"Name": "shop_app", "TaskTemplate": template, "Mode": {"Replicated": {"Replicas": 1}}}
    task = {
        "ID": "t", "CreatedAt": "2026-01-01T00:00:00.0Z", "DesiredState": "shutdown",
        "Spec": {"ContainerSpec": container}, "Status": {"State": "complete"},
    }  # fmt: skip
    made = _service({"ID": "s", "Spec": spec}, [task], "shop")
    assert made.restart == "on-failure" and made.image == "x:1" and made.ended
