"""An audit that is interrupted tears its runs down, and goes on where it was."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ccci.audit.record import audit_folder, read_record
from ccci.project import PROJECT
from tests.lab.suite_runs import wait_until_reaped

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

RECIPE = "custom-html"
# Some are caught at once; one lives for a minute, and so is still tried when the first is caught.
SEVERAL = "app: ends"
LONGEST = "app: ends after a minute"


def _audit(results: Path, only: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ccci.audit", "--only", only, RECIPE],
        cwd=PROJECT,
        env={**os.environ, "CCCI_RESULTS_DIR": str(results)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_ctrl_c_ends_the_runs_and_keeps_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCCI_RESULTS_DIR", str(tmp_path))
    audit = _audit(tmp_path, SEVERAL)
    assert audit.stdout
    said = ""
    for line in audit.stdout:
        said += line
        if line.startswith("caught"):
            audit.send_signal(signal.SIGINT)
            break
    said += audit.stdout.read()
    assert audit.wait() == 1, said
    assert "interrupted; the same command goes on where it was" in said

    runs = tmp_path / RECIPE / "audit" / "runs"
    begun = [path.name for path in runs.glob(f"*/{RECIPE}/[0-9]*")]
    assert len(begun) > 1, "nothing was running when it was interrupted"
    for run_id in begun:
        wait_until_reaped(run_id)

    record = read_record(audit_folder(PROJECT, RECIPE))
    assert record and record.control and record.findings
    assert LONGEST not in record.findings
    known = len(record.findings)
    again = _audit(tmp_path, SEVERAL)
    said, _ = again.communicate()
    assert again.returncode == 0, said
    found = re.search(r"^== custom-html: (\d+) defects, (\d+) of them to run$", said, re.MULTILINE)
    assert found and int(found.group(1)) - int(found.group(2)) == known, said
    assert f"caught    {LONGEST}" in said
