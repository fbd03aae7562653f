"""Which ends of tasks are deaths, and that none falls between two looks."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import APIError

from ccci.swarm.meant import USUAL, Meant
from ccci.swarm.view import Service, SwarmView, Task
from ccci.waiting import Look, wait_for
from ccci.watch.tasks import TaskWatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Task("t1", "running", "running", True, NOW, None, "")
SERVICE = Service("id", "shop_app", "app", "nginx:1", {}, 1, "", "any", (RUNNING,))


class Stream:
    """A stream of Docker's events that can be cut."""

    def __init__(self, events: list[dict[str, Any]], then_wait: threading.Event) -> None:
        self._events, self._wait = events, then_wait

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self._events
        self._wait.wait()

    def close(self) -> None:
        self._wait.set()


class Swarm:
    """A Swarm whose tasks and events the test sets."""

    def __init__(self, *streams: list[dict[str, Any]]) -> None:
        self.service = SERVICE
        self.streams, self.since = list(streams), list[int]()
        self.cut = threading.Event()
        self.client = SimpleNamespace(events=self.events)

    def services(self, stack: str) -> list[Service]:
        assert stack == "shop"
        return [self.service]

    def events(self, since: int, **_: Any) -> Stream:
        self.since.append(since)
        if not self.streams:
            return Stream([], threading.Event())
        return Stream(self.streams.pop(0), self.cut)


def event(action: str, task: str = "t1", stack: str = "shop", at: float = 1000.5) -> dict[str, Any]:
    attributes = {
        "com.docker.stack.namespace": stack, "com.docker.swarm.task.id": task,
        "com.docker.swarm.service.name": f"{stack}_app", "exitCode": "0",
    }  # fmt: skip
    return {"Action": action, "timeNano": int(at * 1e9), "Actor": {"Attributes": attributes}}


def watch_of(swarm: Swarm, meant: Meant = USUAL) -> TaskWatch:
    return TaskWatch(cast(SwarmView, swarm), lambda: "shop", meant)


def seen(watch: TaskWatch) -> list[tuple[str, int | None]]:
    return [(death.task, death.exit_code) for death in watch.deaths()]


@pytest.mark.parametrize("state", ["complete", "failed", "rejected"])
def test_an_end_is_a_death_whatever_its_exit_code(state: str) -> None:
    swarm = Swarm()
    watch = watch_of(swarm)
    watch.look()
    assert seen(watch) == []
    ended = replace(RUNNING, state=state, wanted="shutdown", exit_code=0)
    swarm.service = replace(SERVICE, tasks=(replace(RUNNING, id="t2"), ended))
    watch.look()
    assert seen(watch) == [("t1", 0)]
    # The Swarm forgets it, the watch does not.
    swarm.service = replace(SERVICE, tasks=(replace(RUNNING, id="t2"),))
    watch.look()
    assert seen(watch) == [("t1", 0)]
    watch.excuse()
    watch.look()
    assert seen(watch) == []


def test_what_was_told_to_end_or_is_meant_to_is_no_death() -> None:
    swarm = Swarm()
    watch = watch_of(swarm)
    swarm.service = replace(SERVICE, tasks=(replace(RUNNING, state="shutdown"),))
    watch.look()
    assert seen(watch) == []
    ended = replace(RUNNING, state="complete", exit_code=0)
    swarm.service = replace(SERVICE, tasks=(ended,))
    job = watch_of(swarm, Meant(to_end=frozenset({"app"})))
    job.look()
    assert seen(job) == []
    swarm.service = replace(SERVICE, tasks=(replace(ended, state="failed", exit_code=1),))
    job.look()
    assert seen(job) == [("t1", 1)]


def test_what_the_engine_could_not_start_is_no_death() -> None:
    swarm = Swarm()
    busy = "starting container failed: device or resource busy"
    unstarted = replace(RUNNING, id="t0", state="failed", exit_code=128, message=busy)
    swarm.service = replace(SERVICE, tasks=(RUNNING, unstarted))
    watch = watch_of(swarm)
    watch.look()
    assert seen(watch) == []


def test_a_death_that_the_swarm_never_showed_is_heard() -> None:
    swarm = Swarm()
    watch = watch_of(swarm)
    watch.look()
    watch._hear(event("die", stack="another"))
    assert seen(watch) == []
    watch._hear(event("die"))
    (death,) = watch.deaths()
    assert str(death) == "a task of app ended with exit code 0 at 00:16:40 UTC"
    told = watch_of(swarm)
    told.look()
    told._hear(event("kill"))
    told._hear(event("die"))
    assert seen(told) == []


def until(what: str, condition: Any) -> None:
    wait_for(
        what, lambda: Look(bool(condition()), "not yet"), within_seconds=10, every_seconds=0.02
    )


def test_after_a_break_it_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccci.watch.tasks._CONNECT_AGAIN_SECONDS", 0.05)
    swarm = Swarm([event("kill", "t0")], [event("die")])
    watch = watch_of(swarm)
    watch.start()
    until("the first event", lambda: watch._since == 1000.5)
    swarm.cut.set()
    until("the second stream", lambda: len(swarm.since) > 1)
    assert swarm.since[1] == 1000
    until("the death", lambda: seen(watch) == [("t1", 0)])
    watch.stop()


def test_a_daemon_that_does_not_answer_ends_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccci.watch.tasks._CONNECT_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr("ccci.watch.tasks._LOOK_SECONDS", 0.02)
    swarm = Swarm()
    answers: list[Exception | None] = [APIError("away"), ConnectionError("away"), None]

    def services(stack: str) -> list[Service]:
        error = answers.pop(0) if len(answers) > 1 else answers[0]
        if error:
            raise error
        return [SERVICE]

    monkeypatch.setattr(swarm, "services", services)
    watch = watch_of(swarm)
    watch.start()
    until("a look", lambda: watch._seen)
    watch.stop()
