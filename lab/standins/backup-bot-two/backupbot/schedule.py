"""CRON_SCHEDULE: the five fields of cron, and when they next hold."""

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
# A schedule such as "0 0 30 2 *" never holds; 29 February comes within eight years.
_LOOK_AHEAD_DAYS = 366 * 8 + 2


@dataclass(frozen=True)
class Schedule:
    """The minutes, hours, days and months of a cron line."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def next_after(self, moment: datetime) -> datetime:
        """The first minute after `moment` at which it holds.

        Raises:
            RequestError: if it never does.
        """
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_LOOK_AHEAD_DAYS):
            if self._holds_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = day.replace(hour=hour, minute=minute)
                        if found > moment:
                            return found
            day += timedelta(days=1)
        raise RequestError("CRON_SCHEDULE names a day that no calendar has")

    def _holds_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        # cron's oldest oddity: with both day fields given, either is enough.
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


def parse_schedule(text: str) -> Schedule | None:
    """Read CRON_SCHEDULE; an empty one means no schedule.

    Args:
        text: "30 3 * * *", "*/15 * * * mon-fri", "@daily" or empty.

    Raises:
        RequestError: naming the field that is wrong.
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
    name: str, text: str, low: int, high: int, words: list[str] | None = None, first: int = 0
) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        try:
            if span == "*":
                begin, last = low, high
            else:
                begin = _number(start, words, first)
                last = _number(end, words, first) if dash else (high if step else begin)
            stride = int(step) if "/" in part else 1
        except ValueError:
            begin, last, stride = low, high, 0
        if stride < 1 or not low <= begin <= last <= high:
            raise RequestError(f"CRON_SCHEDULE: {part!r} is no {name} from {low} to {high}")
        values.update(range(begin, last + 1, stride))
    return frozenset(values)


def _number(text: str, words: list[str] | None, first: int) -> int:
    if words and text in words:
        return words.index(text) + first
    return int(text)
