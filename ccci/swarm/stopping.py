"""Whether the first process of a container hears the signal that asks it to stop.

Linux gives process 1 of a container no signal that it neither handles nor waits for: Docker then
kills it when the grace period is over. A shell that does not `exec` its program is the usual case.
"""

import re
import signal
from typing import Any

from ccci.swarm.as_seen import read_as_seen

STATUS = "/proc/1/status"
_USUAL = "SIGTERM"
_FROM_THE_LAST = re.compile(r"SIGRT(MIN|MAX)([+-]\d+)?")


def hears_stop(container: Any) -> bool | None:
    """Return whether its first process handles the stop signal; None where that cannot be told.

    Args:
        container: of the Docker SDK; it runs.

    Example:
        ``hears_stop(client.containers.get("blog"))`` -> ``False`` for ``sh -c "sleep 9; true"``

    Source: proc(5), `SigCgt` and `SigBlk`, which a program that waits for signals has; `Config` of
    Docker's API, `StopSignal`.
    """
    number = signal_number(str(container.attrs["Config"].get("StopSignal") or _USUAL))
    status = read_as_seen(str(container.id), STATUS) or b""
    masks = re.findall(rb"^Sig(?:Cgt|Blk):\s*([0-9a-f]+)$", status, re.MULTILINE)
    if number is None or not masks:
        return None
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def signal_number(name: str) -> int | None:
    """Return the number of a signal as compose files write it; None if it is unknown.

    Example:
        >>> signal_number("SIGQUIT"), signal_number("int"), signal_number("15")
        (3, 2, 15)
    """
    if name.isdecimal():
        return int(name) if 1 <= int(name) < signal.NSIG else None
    full = name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"
    later = _FROM_THE_LAST.fullmatch(full)
    if later:
        return int(signal.SIGRTMIN if later[1] == "MIN" else signal.SIGRTMAX) + int(later[2] or 0)
    return int(signal.Signals[full]) if full in signal.Signals.__members__ else None
