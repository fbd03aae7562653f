"""Ports that other programs use."""

import os
import socket

import pytest

from lab import ports
from lab.errors import LabError


def test_the_error_for_a_port_in_use_names_the_program_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.holder(port).endswith(f"(process {os.getpid()})")
        with pytest.raises(LabError, match=f"port {port} is used by .*LAB_HTTP_PORT"):
            ports.require_free(port, "LAB_HTTP_PORT")
    assert ports.is_free(port)
    ports.require_free(port, "LAB_HTTP_PORT")
