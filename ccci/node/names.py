"""Name resolution without DNS: domain patterns, each with the address for test clients.

Nothing on the machine is changed: lookups of this process are answered from the map, and a browser
gets the same map as an option.
"""

import fnmatch
import socket
from collections.abc import Mapping
from typing import Any

_real_getaddrinfo = socket.getaddrinfo
_map: dict[str, str] = {}


def use_names(names: Mapping[str, str]) -> None:
    """Answer this process's lookups of matching names with the mapped address.

    Args:
        names: pattern (`*.lab.test`) to address. An empty map restores the system's lookups.

    Example:
        >>> use_names({"*.lab.test": "127.0.0.1"})
    """
    _map.clear()
    _map.update(names)
    # The name check of TLS is untouched: only the address comes from the map.
    socket.getaddrinfo = _getaddrinfo if names else _real_getaddrinfo


def address_of(host: str, names: Mapping[str, str]) -> str | None:
    """Return the mapped address of `host`; None where the system's lookup applies."""
    for pattern, address in names.items():
        if fnmatch.fnmatchcase(host.lower(), pattern.lower()):
            return address
    return None


def browser_arguments(names: Mapping[str, str]) -> list[str]:
    """Return the options that make Chromium use the same map."""
    if not names:
        return []
    rules = ",".join(f"MAP {pattern} {address}" for pattern, address in names.items())
    return [f"--host-resolver-rules={rules}"]


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode("ascii") if isinstance(host, bytes) else host
    return _real_getaddrinfo((name and address_of(name, _map)) or host, *args, **kwargs)
