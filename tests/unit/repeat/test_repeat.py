"""`make repeat` with real processes, without Docker: its lines, its exit code, and its load."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ccci.node.state import ProcessIdentity
from ccci.project import PROJECT
from ccci.waiting import Look, wait_for

# A short version of a run: the next line of the file `runs` says how it is to end.
LIBRARY = """\
import atexit, os, shutil, signal, threading
from pathlib import Path
from robot.libraries.BuiltIn import BuiltIn
from ccci.results.store import RunFacts, RunResults, write_results

PROJECT = Path(__file__).parent


def run():
    output = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
    word, *others = (PROJECT / "runs").read_text().split()
    (PROJECT / "runs").write_text(" ".join(others))
    if word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "waits":
        (PROJECT / "waits").write_text(str(os.getpid()))
        threading.Event().wait(120)
    facts = RunFacts(output.name, "little", matrix=os.environ["CCCI_MATRIX"], waited_seconds=39.0)
    atexit.register(write_results, output, RunResults(facts, word, {}, {}, 100.0))
    assert word == "passed", "The page was answered 502"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Little.py").write_text(LIBRARY)
    (tmp_path / "recipes" / "little").mkdir(parents=True)
    (tmp_path / "suites" / "little").mkdir(parents=True)
    (tmp_path / "suites" / "little" / "1__install.robot").write_text(
        f"*** Settings ***\nLibrary    {tmp_path}/Little.py\n"
        "*** Test Cases ***\nIt Works\n    Run\n"
    )
    (tmp_path / "ccci").symlink_to(PROJECT / "ccci")
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(runs: str, *options: str, recipe: str = "little") -> subprocess.Popen[str]:
        (project / "runs").write_text(runs)
        words = [recipe, "--times", str(len(runs.split())), *options]
        script = (
            "from pathlib import Path; from ccci.repeat import __main__ as command; "
            f"command.PROJECT = Path({str(project)!r}); command.main({words!r})"
        )
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "CCCI_STATE_DIR": str(project / "state"),
            "CCCI_RESULTS_DIR": str(project / "results"),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", script], env=environment, cwd=project, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        # Its run has a session of its own, and would outlive it.
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        for child in children:
            child.kill()
        process.kill()
        process.wait()


def wait_for_the_run(project: Path) -> ProcessIdentity:
    waits = project / "waits"
    wait_for("a run", lambda: Look(waits.exists() and waits.read_text() != "", "none"), 60)
    return ProcessIdentity.of(int(waits.read_text()))


def load_of(repeat: "subprocess.Popen[str]") -> list[psutil.Process]:
    return [one for one in psutil.Process(repeat.pid).children() if one.name() == "sh"]


def still_there(load: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in load if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_each_run_has_a_line_and_its_results_are_kept(project: Path, start: Any) -> None:
    repeat = start("passed failed passed")
    output, _ = repeat.communicate(timeout=120)
    assert repeat.returncode == 1, output
    lines = output.splitlines()
    assert lines[0] == "3 full runs of little"
    assert lines[1].startswith("  1 of 3  passed        61.0 s  results/little/2"), output
    assert lines[2].startswith("  2 of 3  failed        61.0 s  results/little/2"), output
    assert lines[3] == "           install: It Works: The page was answered 502"
    assert lines[-1] == "little: 2 of 3 passed, 1 failed; 61 to 61 s"
    assert len(list((project / "results" / "little").glob("2*/output.xml"))) == 3


def test_if_every_run_passed_the_exit_code_is_0(start: Any) -> None:
    repeat = start("passed passed", "--busy")
    output, _ = repeat.communicate(timeout=120)
    assert repeat.returncode == 0, output
    cores = len(os.sched_getaffinity(0))
    assert output.endswith(f"little: 2 of 2 passed; 61 to 61 s, beside {cores} busy processes\n")


def test_a_run_without_results_is_incomplete_and_the_next_one_follows(start: Any) -> None:
    repeat = start("killed passed")
    output, _ = repeat.communicate(timeout=120)
    assert repeat.returncode == 1, output
    assert "  1 of 2  incomplete     0.0 s\n           it did not finish: " in output
    assert output.endswith("little: 1 of 2 passed, 1 incomplete; 0 to 61 s\n")


def test_an_unknown_recipe_is_named(start: Any) -> None:
    repeat = start("passed", recipe="litle")
    output, _ = repeat.communicate(timeout=60)
    assert (repeat.returncode, output) == (
        1,
        "Error: Recipe 'litle' is not enrolled. Enrolled are: little.\n",
    )


def test_the_load_keeps_every_core_busy_while_runs_go_on(project: Path, start: Any) -> None:
    repeat = start("waits", "--busy")
    wait_for_the_run(project)
    load = load_of(repeat)
    assert len(load) == len(os.sched_getaffinity(0))
    for process in load:
        used = process.cpu_times().user
        wait_for(
            "it to compute", lambda p=process, u=used: Look(p.cpu_times().user > u, "none yet"), 30
        )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_load_ends_however_the_command_ends(
    project: Path, start: Any, how: signal.Signals
) -> None:
    repeat = start("waits passed", "--busy")
    robot = wait_for_the_run(project)
    load = load_of(repeat)
    assert load
    repeat.send_signal(how)
    output, _ = repeat.communicate(timeout=60)
    # The kernel ends it when its parent is gone: at once, on a node that is not busy.
    wait_for("the load to end", lambda: Look(not still_there(load), "it computes"), 10)
    if how == signal.SIGKILL:
        os.kill(robot.pid, signal.SIGKILL)
    else:
        assert not robot.alive()
        assert repeat.returncode == 1
        assert "interrupted\nlittle: 0 of 2 passed, beside" in output
