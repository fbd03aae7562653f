"""The budget is never exceeded, nobody is starved, and a killed process leaks nothing."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccci.budget.node_resources import Resources, this_machine
from ccci.budget.places import Budget, Wait, default_slots, places
from ccci.errors import Misuse, NodeFailure

# Takes weight argv[2] of argv[1] places argv[4] times and holds each for argv[3] seconds. What it
# holds stands in the log argv[5]: "+" when it has it, "-" before it gives it back.
WORKER = """
import os, sys, time
from ccci.budget.places import Budget
slots, weight, hold, rounds, log = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
def say(sign):
    with open(log, "a") as out:
        out.write(f"{sign} {os.getpid()} {weight}\\n")
for _ in range(int(rounds)):
    with Budget(slots).take(weight, f"worker {os.getpid()}"):
        say("+")
        time.sleep(float(hold))
        say("-")
"""

Worker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def worker(log: Path) -> Iterator[Worker]:
    started: list[subprocess.Popen[bytes]] = []

    def start(slots: int, weight: int, hold: float, rounds: int) -> "subprocess.Popen[bytes]":
        words = [str(slots), str(weight), str(hold), str(rounds), str(log)]
        started.append(subprocess.Popen([sys.executable, "-c", WORKER, *words]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], within_seconds: float = 30) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.01)


def most_at_once(lines: list[str]) -> int:
    """Replay the log: "+" takes, "-" gives back, "x" is written just before a kill."""
    held: dict[int, int] = {}
    most = 0
    for line in lines:
        sign, pid, weight = line.split()
        if sign == "+":
            held[int(pid)] = int(weight)
            most = max(most, sum(held.values()))
        else:
            held.pop(int(pid), None)
    assert held == {}
    return most


def test_eight_contend_and_two_are_killed(worker: Worker, log: Path) -> None:
    victims = [worker(4, 2, 60, 1), worker(4, 2, 60, 1)]
    until(lambda: log.read_text().count("+") == 2)
    others = [worker(4, weight, 0.05, 3) for weight in (1, 2, 1, 4, 1, 3)]
    until(lambda: len(Budget(4).holders()) == 8)
    for victim in victims:
        with log.open("a") as out:
            out.write(f"x {victim.pid} 0\n")
        victim.send_signal(signal.SIGKILL)
    for each in others:
        assert each.wait(timeout=30) == 0
    lines = log.read_text().splitlines()
    assert most_at_once(lines) == 4
    assert sum(line[0] == "+" for line in lines) == 2 + 6 * 3
    assert Budget(4).holders() == []
    with Budget(4).take(4, "the whole", deadline_seconds=1):
        assert [holder.who for holder in Budget(4).holders()] == ["the whole"]


def test_a_killed_holder_frees_its_share_at_once(worker: Worker, log: Path) -> None:
    holder = worker(1, 1, 60, 1)
    until(lambda: "+" in log.read_text())
    with pytest.raises(NodeFailure, match=f"worker {holder.pid} holds 1 .*process {holder.pid}"):
        Budget(1).take(1, "me", deadline_seconds=0.2)
    holder.kill()
    holder.wait()
    # Long before the minute for which it would have held its share.
    Budget(1).take(1, "me", deadline_seconds=10).release()


def test_a_killed_waiter_does_not_hold_the_queue(worker: Worker, log: Path) -> None:
    budget = Budget(2)
    first = budget.take(1, "first")
    heavy = worker(2, 2, 0, 1)
    until(lambda: len(budget.holders()) == 2)
    heavy.kill()
    heavy.wait()
    budget.take(1, "second", deadline_seconds=2).release()
    first.release()


def test_a_heavy_one_is_not_starved(worker: Worker, log: Path) -> None:
    for _ in range(3):
        worker(2, 1, 0.1, 40)
    until(lambda: log.read_text().count("+") > 2)
    before = log.read_text().count("+")
    with Budget(2).take(2, "heavy", deadline_seconds=30):
        granted = log.read_text().count("+") - before
    # One that asked just before it may go first, on each of the three; of 120 most came later.
    assert granted <= 6


def test_first_come_first_served(worker: Worker, log: Path) -> None:
    gate = Budget(2).take(2, "gate")
    order = []
    for count, weight in enumerate((2, 1, 2), start=2):
        order.append(worker(2, weight, 0.01, 1).pid)
        until(lambda want=count: len(Budget(2).holders()) == want)  # type: ignore[misc]
    gate.release()
    until(lambda: log.read_text().count("-") == 3)
    took = [int(line.split()[1]) for line in log.read_text().splitlines() if line[0] == "+"]
    assert took == order


def test_what_can_never_fit_says_so_at_once() -> None:
    with pytest.raises(Misuse, match="can never fit: it needs 3 places and this node has 2"):
        Budget(2).take(3, "matrix")
    for weight in (0, -1):
        with pytest.raises(Misuse, match="must be 1 or more"):
            Budget(2).take(weight, "matrix")
    with pytest.raises(Misuse, match="is too small"):
        Budget(0)


def test_the_wait_is_told_with_names() -> None:
    told: list[Wait] = []
    lease = Budget(2).take(2, "run a of n8n")
    with pytest.raises(NodeFailure):
        Budget(2).take(1, "run b", on_wait=told.append, deadline_seconds=0.3)
    assert len(told) == 1  # Nothing changed meanwhile, so it is not said again.
    assert "waiting for 1 of 2 places on the node, 2 taken" in str(told[0])
    assert "run a of n8n holds 2" in str(told[0])
    lease.release()
    lease.release()
    assert Budget(2).holders() == []


def test_a_child_does_not_keep_the_share() -> None:
    with Budget(1).take(1, "parent"):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        Budget(1).take(1, "next", deadline_seconds=1).release()
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "1.5", "²"])
def test_max_tests_is_checked(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("MAX_TESTS", wanted)
    with pytest.raises(Misuse, match="MAX_TESTS is"):
        default_slots()


def test_max_tests_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_TESTS", "7")
    assert default_slots() == 7


@pytest.mark.parametrize(
    ("gib", "cores", "expected"), [(24, 2, 4), (7, 8, 3), (72, 6, 12), (1, 1, 1)]
)
def test_memory_and_cores_both_set_a_limit(gib: int, cores: int, expected: int) -> None:
    assert places(Resources(gib * 1024**3, cores)) == expected


def test_without_docker_this_machine_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("MAX_TESTS", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    assert default_slots() == places(this_machine())
    assert "The budget counts this machine alone" in caplog.text
