"""What two workers of pytest-xdist share: those who need the lab for themselves are on one."""

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from ccci.project import PROJECT

TESTS = """
import os, time
from pathlib import Path
import pytest

def ran(name):
    with (Path(__file__).parent / "seen").open("a") as seen:
        seen.write(f"{name} {os.environ['PYTEST_XDIST_WORKER']}\\n")
    time.sleep(0.2)

@pytest.mark.parametrize("number", range(6))
def test_alone(number):
    ran("alone")

@pytest.mark.side_by_side
@pytest.mark.parametrize("number", range(6))
def test_beside(number):
    ran("beside")
"""


def test_tests_that_need_the_lab_for_themselves_run_on_one_worker(tmp_path: Path) -> None:
    lab = tmp_path / "tests" / "lab"
    lab.mkdir(parents=True)
    shutil.copy(PROJECT / "tests" / "conftest.py", tmp_path / "tests")
    (lab / "test_it.py").write_text(TESTS)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    words = ["--numprocesses", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "tests"]
    subprocess.run([sys.executable, "-m", "pytest", *words], cwd=tmp_path, check=True)
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for line in (lab / "seen").read_text().splitlines():
        name, worker = line.split()
        seen[name].add(worker)
    assert len(seen["alone"]) == 1
    assert seen["beside"] - seen["alone"], "the other worker has the rest"
