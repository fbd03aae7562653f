"""Ports that others hold."""

import os
import socket

import pytest

from lab import ports
from lab.errors import LabError


def test_a_taken_port_is_named_with_its_holder_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.holder(port).endswith(f"(process {os.getpid()})")
        with pytest.raises(LabError, match=f"port {port} is taken by .*LAB_HTTP_PORT"):
            ports.demand_free(port, "LAB_HTTP_PORT")
    assert ports.is_free(port)
    ports.demand_free(port, "LAB_HTTP_PORT")
