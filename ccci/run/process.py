"""Starts Robot Framework on a suite as from a shell, in a session of its own."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO


def start_robot(
    project: Path,
    suite: Path,
    terminal: IO[bytes],
    options: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a run; SIGINT to it makes it tear itself down.

    Args:
        project: the folder with ccci/.
        suite: the folder of the suite.
        terminal: the open file that gets its output.
        options: of Robot Framework.
        environment: variables beside those of this process.

    Example:
        >>> with open("terminal.txt", "wb") as terminal:
        ...     start_robot(PROJECT, PROJECT / "suites" / "gitea", terminal).wait()
    """
    return subprocess.Popen(
        [project / "ccci" / "bin" / "robot", *options, suite],
        cwd=project,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
