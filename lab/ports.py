"""Whether the ports that Traefik needs are free, and who holds them if not."""

import errno
import socket

import psutil

from lab.errors import LabError


def is_free(port: int) -> bool:
    """Whether this node could listen on a port, on all addresses of both families."""
    return _can_bind(socket.AF_INET, port) and _can_bind(socket.AF_INET6, port)


def _can_bind(family: socket.AddressFamily, port: int) -> bool:
    try:
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(("", port))
            listener.listen(1)
    except OSError as error:
        # A machine without IPv6 says so in two ways; there is nothing to collide with then.
        return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True


def holder(port: int) -> str:
    """The program that listens on a port, as `name (process 12)`; empty when it cannot be found."""
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.Error:
                return ""
    return ""


def demand_free(port: int, setting: str) -> None:
    """Stop when a port is taken.

    Args:
        port: the port.
        setting: the environment variable that chooses another.

    Raises:
        LabError: taken; the sentence names the program and the setting.
    """
    if not is_free(port):
        by = holder(port) or "another program"
        raise LabError(
            f"port {port} is taken by {by}: stop it, or choose another port with {setting}, "
            f"for example {setting}={8000 + port % 1000}"
        )
