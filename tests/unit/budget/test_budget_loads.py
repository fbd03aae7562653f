"""The budget under the load of many processes at once, watched by what each of them writes down."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ccci.budget.places import Budget
from ccci.project import PROJECT
from tests.unit.budget.budget_crowd import Kind, Plan, Stay, most_at_once, overtaken, stays_in

SLOTS = 8
# A crowd takes about three seconds here; one that hangs must not hold up the rest.
HANGS_AFTER_SECONDS = 60

Gather = Callable[[Plan], list[Stay]]


@pytest.fixture
def gather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gather:
    """Let a crowd do its work, and return what was seen."""
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))

    def gather(plan: Plan) -> list[Stay]:
        log = tmp_path / "log"
        crowd = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.budget.budget_crowd", plan.to_json(), str(log)],
            cwd=PROJECT,
            start_new_session=True,
        )
        try:
            assert crowd.wait(HANGS_AFTER_SECONDS) == 0, "a worker failed; see above"
        finally:
            if crowd.poll() is None:
                os.killpg(crowd.pid, signal.SIGKILL)
                crowd.wait()
        return stays_in(log)

    return gather


def nothing_is_held() -> None:
    """Nobody is in the queue any more, and the whole budget can be had at once."""
    assert Budget(SLOTS).holders() == []
    Budget(SLOTS).take(SLOTS, "the whole", deadline_seconds=1).release()


@pytest.mark.parametrize("seed", [1, 2])
def test_random_weights_fill_the_budget_and_never_exceed_it(gather: Gather, seed: int) -> None:
    stays = gather(Plan(seed, SLOTS, (Kind(10, 1, SLOTS, 4, 0.03), Kind(6, 1, 2, 4, 0.1))))
    assert len(stays) == 16 * 4
    assert all(stay.begun and stay.ended and not stay.killed for stay in stays)
    assert most_at_once(stays) == SLOTS
    assert overtaken(stays, SLOTS) == []
    nothing_is_held()


def test_the_heaviest_is_served_in_its_turn_among_many_light_ones(gather: Gather) -> None:
    stays = gather(Plan(3, SLOTS, (Kind(14, 1, 2, 6, 0.02), Kind(1, SLOTS, SLOTS, 4, 0.01))))
    heavy = [stay for stay in stays if stay.weight == SLOTS]
    assert len(heavy) == 4 and all(stay.begun for stay in heavy)
    # Light ones asked while it waited: they would have fitted in before it, had they been let.
    pressed = [
        stay
        for stay in heavy
        if stay.waited
        and stay.begun
        and any(stay.waited < light.asked < stay.begun for light in stays)
    ]
    assert pressed
    assert overtaken(stays, SLOTS) == []
    assert most_at_once(stays) == SLOTS


@pytest.mark.parametrize("seed", [4, 5])
def test_killed_at_any_moment_they_free_their_share(gather: Gather, seed: int) -> None:
    kinds = (Kind(8, 1, SLOTS, 3, 0.05), Kind(6, 1, 3, 3, 0.2))
    stays = gather(Plan(seed, SLOTS, kinds, kills=16))
    killed = [stay for stay in stays if stay.killed]
    assert [stay for stay in killed if stay.begun], "no holder was killed"
    assert [stay for stay in killed if stay.waited and not stay.begun], "no waiter was killed"
    assert all(stay.begun and stay.ended for stay in stays if not stay.killed)
    assert most_at_once(stays) == SLOTS
    assert overtaken(stays, SLOTS) == []
    nothing_is_held()
