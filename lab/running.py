"""A long command, its output streamed to a log and its last line shown as progress."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.errors import LabError
from lab.reporting import Step


def stream(
    command: list[str],
    *,
    log: Path,
    step: Step,
    what: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command to its end.

    Args:
        command: the program and its arguments.
        log: gets all output, appended.
        step: shows the last line.
        what: the thing being made, for the error.
        environment: the whole environment; this process's own by default.
        folder: the working directory.

    Raises:
        LabError: the command could not start or ended with another code than 0.
    """
    last = ""
    with (
        log.open("a") as out,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(environment) if environment is not None else dict(os.environ),
            cwd=folder,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            out.write(line)
            out.flush()
            last = line.strip() or last
            step.progress(last)
    if process.returncode != 0:
        raise LabError(f"{what} could not be made: `{command[0]}` said: {last} (whole log: {log})")
