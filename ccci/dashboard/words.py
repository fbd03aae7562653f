"""Times, sizes and names as a page shows them."""

import hashlib
import os
import re
from datetime import datetime, timedelta
from urllib.parse import quote

STALE_AFTER = timedelta(days=60)


def moment(when: datetime | None) -> str:
    """Return a time in UTC.

    Example:
        >>> moment(datetime(2026, 1, 2, 3, 4))
        '2026-01-02 03:04 UTC'
    """
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "unknown"


def age(when: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in its largest unit.

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
        # Two of a unit at least, so that what is rounded off is never half of it.
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}s ago"
    return f"{minutes} minute{'s' if minutes > 1 else ''} ago"


def is_stale(when: datetime | None, now: datetime) -> bool:
    """Tell whether results are too old to say how things are; those of unknown age are."""
    return when is None or now - when > STALE_AFTER


def duration(seconds: float) -> str:
    """Return a number of seconds as people say it.

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
    """Return a peak of memory.

    Example:
        >>> size(132366336), size(None)
        ('126 MiB at most', 'memory not measured')
    """
    if number is None:
        return "memory not measured"
    mebibytes = number / 1024**2
    few = mebibytes < 1000
    return f"{mebibytes:.0f} MiB at most" if few else f"{mebibytes / 1024:.1f} GiB at most"


def shown(name: str) -> str:
    """Return a file's name as text: what is not UTF-8 in it becomes a question mark."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def linked(*parts: str) -> str:
    """Return a relative address from the parts of a path.

    Example:
        >>> linked("..", "a b#c", "log.html")
        '../a%20b%23c/log.html'
    """
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)


def file_name(recipe: str) -> str:
    """Return what a recipe's own files are called, before the dot.

    What cannot be a recipe's name, and lies in results/ all the same, gets one that cannot be
    another recipe's; so does the one that is called as the front page.

    Example:
        >>> file_name("custom-html"), file_name("<b>")
        ('custom-html', 'other_4f90ef08d6cf')
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", recipe) and recipe != "index":
        return recipe
    return f"other_{hashlib.sha256(os.fsencode(recipe)).hexdigest()[:12]}"
