"""Formats times, sizes and names for the pages."""

import hashlib
import os
import re
from datetime import datetime, timedelta
from urllib.parse import quote

STALE_AFTER = timedelta(days=60)


def timestamp(when: datetime | None) -> str:
    """Format a time in UTC.

    Example:
        >>> timestamp(datetime(2026, 1, 2, 3, 4))
        '2026-01-02 03:04 UTC'
    """
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "unknown"


def age(when: datetime | None, now: datetime) -> str:
    """Return how long ago a time was, in one unit.

    Example:
        >>> age(datetime(2026, 1, 1), datetime(2026, 1, 4))
        '3 days ago'
    """
    if when is None:
        return "age unknown"
    minutes = int((now - when).total_seconds() // 60)
    if minutes < 0:
        return "in the future"
    if minutes < 1:
        return "under a minute ago"
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        # At least two of a unit, so that rounding never removes half of the value.
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}s ago"
    return f"{minutes} minute{'s' if minutes > 1 else ''} ago"


def is_stale(when: datetime | None, now: datetime) -> bool:
    """Return whether results are older than `STALE_AFTER`, or of unknown age."""
    return when is None or now - when > STALE_AFTER


def duration(seconds: float) -> str:
    """Format a number of seconds for people.

    Example:
        >>> duration(214.2), duration(4.51), duration(3700)
        ('3 min 34 s', '4.5 s', '1 h 1 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(number: int | None) -> str:
    """Format the peak of memory, in bytes.

    Example:
        >>> size(132366336), size(None)
        ('peak 126 MiB', 'memory not measured')
    """
    if number is None:
        return "memory not measured"
    mebibytes = number / 1024**2
    small = mebibytes < 1000
    return f"peak {mebibytes:.0f} MiB" if small else f"peak {mebibytes / 1024:.1f} GiB"


def printable(name: str) -> str:
    """Return a file's name as text; bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def relative_url(*parts: str) -> str:
    """Return a relative URL from the parts of a path.

    Example:
        >>> relative_url("..", "a b#c", "log.html")
        '../a%20b%23c/log.html'
    """
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)


def file_name(recipe: str) -> str:
    """Return the name of a recipe's page and badge, without the extension.

    A folder in results/ that cannot be the name of a recipe gets a name that no recipe can have. So
    does a recipe with the name of the front page.

    Example:
        >>> file_name("custom-html"), file_name("<b>")
        ('custom-html', 'other_4f90ef08d6cf')
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", recipe) and recipe != "index":
        return recipe
    return f"other_{hashlib.sha256(os.fsencode(recipe)).hexdigest()[:12]}"
