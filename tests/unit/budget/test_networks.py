"""Each run takes a network that no other run has, until it and its reaper have ended."""

import os
from pathlib import Path

import pytest

from ccci.budget.networks import take_network
from ccci.errors import NodeFailure


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path))


def test_without_networks_runs_share_one() -> None:
    assert take_network([]) is None


def test_no_two_runs_have_the_same_one() -> None:
    first, second = take_network(["a", "b"]), take_network(["a", "b"])
    assert first and second
    assert (first.name, second.name) == ("a", "b")
    with pytest.raises(NodeFailure, match=r"Other runs have all networks .*: a, b"):
        take_network(["a", "b"])
    first.release()
    again = take_network(["a", "b"])
    assert again and again.name == "a"
    for each in (second, again):
        each.release()
        each.release()


def test_a_reaper_holds_it_until_it_ends() -> None:
    taken = take_network(["a"])
    assert taken
    reapers = os.dup(taken.fileno())
    taken.leave_to_reaper()
    with pytest.raises(ValueError, match="the network a was released"):
        taken.fileno()
    with pytest.raises(NodeFailure):
        take_network(["a"])
    os.close(reapers)
    again = take_network(["a"])
    assert again
    again.release()


def test_the_end_of_a_run_frees_it_while_the_reaper_still_runs() -> None:
    taken = take_network(["a"])
    assert taken
    reapers = os.dup(taken.fileno())
    taken.release()
    again = take_network(["a"])
    assert again
    again.release()
    os.close(reapers)
