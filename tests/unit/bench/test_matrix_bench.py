"""The least time that a matrix could take, which the benchmark measures against."""

import pytest

from tests.bench.aims import aim_line
from tests.bench.side_by_side import Share, bound_seconds


def share(weight: int, held_seconds: float) -> Share:
    return Share("n8n", weight, held_seconds, 0.0, 1.0, 0, None)


@pytest.mark.parametrize(
    ("shares", "bound"),
    [
        # the longest decides: they fit side by side
        ([share(1, 100), share(3, 60)], 100),
        # the budget decides: (4 * 50 + 4 * 60) / 4
        ([share(4, 50), share(4, 60)], 110),
        ([share(2, 80), share(2, 80), share(2, 80)], 120),
    ],
)
def test_the_bound_is_the_longest_or_what_the_budget_must_carry(
    shares: list[Share], bound: float
) -> None:
    assert bound_seconds(shares, 4) == bound


def test_an_aim_is_met_or_missed() -> None:
    assert aim_line("wall", 1.15, 1.15).startswith("met ")
    assert aim_line("wall", 1.16, 1.15) == "MISSED wall: 1.16 (aim: 1.15)"
