"""The lines that the lab prints."""

import io
import re
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.reporting import step
from lab.running import stream


def test_one_line_per_step() -> None:
    out = io.StringIO()
    with step("swarm", out) as this:
        this.progress("shown on a terminal only")
        this.result = "already exists"
    assert re.fullmatch(r"lab  swarm \.\.\. already exists \(0\.\d s\)\n", out.getvalue())


def test_a_failed_step_is_marked() -> None:
    out = io.StringIO()
    with pytest.raises(LabError), step("swarm", out):
        raise LabError("no")
    assert out.getvalue().startswith("lab  swarm ... FAILED (")


def test_the_error_of_a_failed_command_has_its_last_line_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    command = ["sh", "-c", "echo first; echo last >&2; exit 3"]
    with (
        pytest.raises(
            LabError,
            match=r"the image could not be built: `sh` ended with exit code 3: last .*x\.log",
        ),
        step("x", io.StringIO()) as this,
    ):
        stream(command, log=log, step=this, what="the image")
    assert log.read_text() == "first\nlast\n"
