"""Waits: a condition, a deadline, and a last look that is told."""

import itertools
import time

import pytest

from ccci.waiting import Look, TooLate, hold_for, wait_for


def test_it_returns_the_look_that_was_good() -> None:
    looks = iter([Look(False, "one"), Look(False, "two"), Look(True, "three")])
    assert wait_for("three", lambda: next(looks), 5, every_seconds=0.01).seen == "three"


def test_too_late_tells_what_was_wanted_seen_and_for_how_long() -> None:
    with pytest.raises(TooLate, match=r"Expected a star; last seen: fog \(waited 0\.\d s\)"):
        wait_for("a star", lambda: Look(False, "fog"), 0.1, every_seconds=0.02)


def test_an_error_of_the_look_ends_the_wait() -> None:
    def look() -> Look:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait_for("anything", look, 5)


def test_what_falls_back_has_not_converged() -> None:
    """Good twice, bad once, for ever: never good for long enough."""
    turns = itertools.cycle([True, True, False])
    with pytest.raises(TooLate, match=r"for 5 s"):
        hold_for("calm", lambda: Look(next(turns), "?"), 0.6, 5, every_seconds=0.05)


def test_what_broke_a_good_state_is_told() -> None:
    looks = itertools.chain([Look(False, "502")], itertools.repeat(Look(True, "200")))
    with pytest.raises(TooLate, match=r"last seen: 200, for 0\.\d s \(before that: 502\)"):
        hold_for("a page", lambda: next(looks), 0.1, 5, every_seconds=0.02)


def test_it_must_hold_for_the_stated_time() -> None:
    begun = time.monotonic()
    assert hold_for("calm", lambda: Look(True, "calm"), 5, 0.3, every_seconds=0.02).good
    assert time.monotonic() - begun >= 0.3
