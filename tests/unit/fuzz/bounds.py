"""What every call with a hostile input must keep to: the project's own errors, 2 s, 200 MiB."""

import time
import tracemalloc
from collections.abc import Callable
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
        own: the errors that it may raise; any other goes through to the test.

    Returns:
        what the call returns; None if it raises one of its own errors.
    """
    tracemalloc.start()
    # Computing, not the clock: the machine may be busy.
    began = time.process_time()
    try:
        return call()
    except own as error:
        str(error).encode("utf-8")
        return None
    finally:
        took = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < MOST_SECONDS, f"{took:.1f} s"
        assert peak < MOST_BYTES, f"{peak >> 20} MiB"
