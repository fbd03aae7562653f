"""Reads CRON_SCHEDULE, with the five fields of cron, and finds the next time for a backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from backupbot.errors import RequestError

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Enough to find any 29 February. A schedule such as "0 0 30 2 *" has no day at all.
_LOOK_AHEAD_DAYS = 366 * 8 + 2


@dataclass(frozen=True)
class Schedule:
    """The minutes, hours, days, months and weekdays of a schedule."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def next_after(self, start: datetime) -> datetime:
        """Return the first minute of the schedule that is after `start`.

        Raises:
            RequestError: there is none.
        """
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_LOOK_AHEAD_DAYS):
            if self._includes(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = day.replace(hour=hour, minute=minute)
                        if found > start:
                            return found
            day += timedelta(days=1)
        raise RequestError("CRON_SCHEDULE has a day that does not exist")

    def _includes(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        # As in cron: if both fields for days are set, it is enough that one of them matches.
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


def parse_schedule(text: str) -> Schedule | None:
    """Read CRON_SCHEDULE; return None if it is empty.

    Args:
        text: for example "30 3 * * *", "*/15 * * * mon-fri" or "@daily".

    Raises:
        RequestError: a field is not valid; the message names it.
    """
    text = _NAMED.get(text.strip().lower(), text.strip())
    if not text:
        return None
    fields = text.split()
    if len(fields) != 5:
        raise RequestError(
            f"CRON_SCHEDULE is {text!r}: five fields are needed (minute hour day month weekday), "
            f"for example '30 3 * * *'"
        )
    weekdays = _field("weekday", fields[4], 0, 7, _DAYS, 0)
    schedule = Schedule(
        minutes=_field("minute", fields[0], 0, 59),
        hours=_field("hour", fields[1], 0, 23),
        days=_field("day", fields[2], 1, 31),
        months=_field("month", fields[3], 1, 12, _MONTHS, 1),
        weekdays=frozenset(day % 7 for day in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    schedule.next_after(datetime(2024, 1, 1))
    return schedule


def _field(
    name: str, text: str, low: int, high: int, names: list[str] | None = None, first: int = 0
) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        try:
            if span == "*":
                begin, last = low, high
            else:
                begin = _number(start, names, first)
                last = _number(end, names, first) if dash else (high if step else begin)
            stride = int(step) if "/" in part else 1
        except ValueError:
            begin, last, stride = low, high, 0
        if stride < 1 or not low <= begin <= last <= high:
            raise RequestError(f"CRON_SCHEDULE: {part!r} is not a {name} from {low} to {high}")
        values.update(range(begin, last + 1, stride))
    return frozenset(values)


def _number(text: str, names: list[str] | None, first: int) -> int:
    if names and text in names:
        return names.index(text) + first
    return int(text)
