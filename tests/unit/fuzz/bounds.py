"""What every call with a hostile input must keep to: the project's own errors, 2 s, 200 MiB."""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

T = TypeVar("T")
MOST_SECONDS = 2.0
MOST_BYTES = 200 << 20
# The same examples in every run: a failure can be repeated, and is no accident of one machine.
PROFILE: dict[str, Any] = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


def examples(number: int) -> settings:
    """Return hypothesis settings with so many examples."""
    return settings(max_examples=number, **PROFILE)


def bounded(call: Callable[[], T], *own: type[Exception]) -> T | None:
    """Make a call and check its bounds.

    Args:
        call: what to check.
        own: the errors that it may raise; any other goes through to the test, and so does the
            MemoryError of a call that needs too much.

    Returns:
        what the call returns; None if it raises one of its own errors.
    """
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, limits[1]))
    # Computing, not the clock: the machine may be busy.
    began = time.process_time()
    try:
        return call()
    except own as error:
        str(error).encode("utf-8")
        return None
    finally:
        took = time.process_time() - began
        resource.setrlimit(resource.RLIMIT_AS, limits)
        assert took < MOST_SECONDS, f"{took:.1f} s"
