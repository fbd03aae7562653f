"""The lab's abra: when a stack counts as converged."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.standins.abracli import converge, engine
from lab.standins.abracli.logs import Fatal

TEMPLATE = {"ContainerSpec": {"Image": "web:2", "TTY": False}, "ForceUpdate": 0}


def service(update: dict[str, str] | None = None, condition: str = "any") -> dict[str, Any]:
    template = {**TEMPLATE, "RestartPolicy": {"Condition": condition}, "Runtime": "container"}
    spec = {"Name": "x_app", "Mode": {"Replicated": {"Replicas": 1}}, "TaskTemplate": template}
    return {"ID": "s", "Spec": spec, "UpdateStatus": update}


def task(state: str, image: str = "web:2", wanted: str = "running") -> dict[str, Any]:
    return {
        "ID": f"{state}-{image}",
        "ServiceID": "s",
        "Slot": 1,
        "NodeID": "n",
        "CreatedAt": "1",
        "DesiredState": wanted,
        "Status": {"State": state, "Err": ""},
        "Spec": {"ContainerSpec": {"Image": image}, "ForceUpdate": 0},
    }


Show = Callable[[dict[str, Any], list[dict[str, Any]]], None]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Set the responses of the daemon."""

    def put(one: dict[str, Any], tasks: list[dict[str, Any]]) -> None:
        responses = {"services": [one], "tasks": tasks}
        monkeypatch.setattr(engine, "of_stack", lambda kind, stack: responses[kind])

    return put


@pytest.mark.parametrize(
    ("update", "tasks", "converged"),
    [
        (None, [task("running")], True),
        (None, [task("starting")], False),
        (None, [], False),
        # The update has not started: the old task is still running.
        (None, [task("running", "web:1")], False),
        ("updating", [task("running")], False),
        ("completed", [task("running")], True),
        ("completed", [task("running", wanted="shutdown")], False),
    ],
)
def test_converged(
    show: Show, update: str | None, tasks: list[dict[str, Any]], converged: bool
) -> None:
    show(service({"State": update, "StartedAt": "1"} if update else None), tasks)
    assert converge.states_of("x")["x_app"].converged is converged


@pytest.mark.parametrize(
    ("condition", "done"), [("on-failure", True), ("none", True), ("any", False)]
)
def test_a_one_shot_service_is_done_when_its_task_has_succeeded(
    show: Show, condition: str, done: bool
) -> None:
    show(service(condition=condition), [task("complete", wanted="shutdown")])
    assert converge.states_of("x")["x_app"].converged is done


@pytest.mark.parametrize("state", ["paused", "rollback_paused", "rollback_completed"])
def test_a_failed_update_ends_the_wait(show: Show, state: str) -> None:
    """6.2: these states never change."""
    show(service({"State": state, "StartedAt": "2"}), [task("running")])
    with pytest.raises(Fatal, match=f"deploy failed: .*{state}"):
        converge.wait_until_converged("x", 0, {})


def test_an_update_that_failed_earlier_is_ignored(show: Show) -> None:
    show(service({"State": "paused", "StartedAt": "1"}), [task("running")])
    before = converge.states_of("x")
    converge.wait_until_converged("x", 5, before)


def test_the_error_after_a_timeout_shows_the_last_state(show: Show) -> None:
    """6.1."""
    show(service(), [task("preparing")])
    with pytest.raises(Fatal, match=r"deploy timed out after 0 s: x_app 0/1 \(preparing\)"):
        converge.wait_until_converged("x", 0, {})
