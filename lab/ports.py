"""Checks that the ports that Traefik needs are free, and finds the program that uses one."""

import errno
import socket

import psutil

from lab.errors import LabError


def is_free(port: int) -> bool:
    """Return whether a program could listen on a port, on all IPv4 and IPv6 addresses."""
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
        # The two errors of a machine without IPv6: then the port is free there.
        return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True


def holder(port: int) -> str:
    """Return the program that listens on a port, as `name (process 12)`; "" if it is unknown."""
    for connection in psutil.net_connections("tcp"):
        is_listening = connection.status == psutil.CONN_LISTEN
        if is_listening and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.Error:
                return ""
    return ""


def require_free(port: int, setting: str) -> None:
    """Fail if a port is in use.

    Args:
        port: the number of the port.
        setting: the environment variable that sets another port.

    Raises:
        LabError: it is in use; the message names the program and the setting.
    """
    if not is_free(port):
        by = holder(port) or "another program"
        raise LabError(
            f"port {port} is used by {by}: stop it, or set another port with {setting}, "
            f"for example {setting}={8000 + port % 1000}"
        )
