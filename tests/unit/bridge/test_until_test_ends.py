"""What a library opens in a test is closed when the test ends, each of it and once."""

import pytest

from ccci.bridge.until_test_ends import UntilTestEnds


def test_the_last_is_closed_first_and_each_once() -> None:
    closed: list[str] = []
    until = UntilTestEnds()
    for name in ("first", "second"):
        until.close_later(lambda name=name: closed.append(name))
    until.end_test(None, None)
    until.end_test(None, None)
    assert closed == ["second", "first"]


def test_one_that_cannot_be_closed_keeps_no_other_open() -> None:
    closed: list[str] = []
    until = UntilTestEnds()
    until.close_later(lambda: closed.append("first"))

    def fail() -> None:
        raise OSError("gone")

    until.close_later(fail)
    with pytest.raises(OSError, match="gone"):
        until.end_test(None, None)
    until.end_test(None, None)
    assert closed == ["first"]


def test_what_is_closed_already_is_not_closed_again() -> None:
    closed: list[str] = []

    class Guest:
        def leave(self) -> None:
            closed.append("left")

    guest, until = Guest(), UntilTestEnds()
    until.close_later(guest.leave)
    until.close_no_more(guest.leave)
    until.end_test(None, None)
    assert closed == []
