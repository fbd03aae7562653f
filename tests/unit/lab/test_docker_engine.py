"""The pid file of a daemon that was killed: another process may have the number now."""

import os
from pathlib import Path

import psutil
import pytest

from lab.docker_engine import remove_if_stale


@pytest.mark.parametrize(
    "content",
    [pytest.param(str(os.getpid()), id="another process"), "4194304", "not a number"],
)
def test_a_stale_pid_file_is_removed(content: str, tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(content)
    assert remove_if_stale(path, "dockerd")
    assert not path.exists()
    assert not remove_if_stale(path, "dockerd")


def test_the_pid_file_of_a_running_daemon_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "docker.pid"
    path.write_text(str(os.getpid()))
    assert not remove_if_stale(path, psutil.Process().name())
    assert path.exists()
