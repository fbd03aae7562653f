"""Runs a long command: writes its output to a log, and shows the last line as progress."""

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
    """Run a command and wait until it ends.

    Args:
        command: the program and its arguments.
        log: the file to append the output to.
        step: the step that shows the last line.
        what: what the command creates, for the error.
        environment: all environment variables; by default, those of this process.
        folder: the working directory.

    Raises:
        LabError: the exit code of the command is not 0.
        OSError: the command could not be started.
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
        raise LabError(
            f"{what} could not be built: `{command[0]}` ended with exit code {process.returncode}: "
            f"{last} (log: {log})"
        )
