"""A browser loses no request when interfaces of the node come and go, as with each container."""

import os
import subprocess
import sys
from pathlib import Path

from ccci.project import PROJECT

SUITE = Path(__file__).parent / "changing_network"


def test_the_browser_does_not_notice_interfaces_that_come_and_go(tmp_path: Path) -> None:
    robot = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), str(SUITE)]
    # In a network of its own: nothing of this machine's changes, and all of it ends with the test.
    done = subprocess.run(
        ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
         "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *robot],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
