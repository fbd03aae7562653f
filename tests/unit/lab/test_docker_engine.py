"""A daemon that was killed leaves a pid file, and its number may be somebody else's by now."""

import os
from pathlib import Path

import psutil
import pytest

from lab.docker_engine import remove_if_stale


@pytest.mark.parametrize("content", [str(os.getpid()), "4194304", "not a number"])
def test_a_stale_pid_file_goes(content: str, tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(content)
    assert remove_if_stale(path, "dockerd")
    assert not path.exists()
    assert not remove_if_stale(path, "dockerd")


def test_that_of_a_running_daemon_stays(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    assert not remove_if_stale(path, psutil.Process().name())
    assert path.exists()
