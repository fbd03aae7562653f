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
        this.progress("not shown where there is no terminal")
        this.result = "there already"
    assert re.fullmatch(r"lab  swarm \.\.\. there already \(0\.\d s\)\n", out.getvalue())


def test_a_step_that_fails_says_so() -> None:
    out = io.StringIO()
    with pytest.raises(LabError), step("swarm", out):
        raise LabError("no")
    assert out.getvalue().startswith("lab  swarm ... FAILED (")


def test_a_failing_command_is_quoted_and_logged(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    command = ["sh", "-c", "echo first; echo last >&2; exit 3"]
    with (
        pytest.raises(LabError, match=r"the thing could not be made: `sh` said: last .*x\.log"),
        step("x", io.StringIO()) as this,
    ):
        stream(command, log=log, step=this, what="the thing")
    assert log.read_text() == "first\nlast\n"
