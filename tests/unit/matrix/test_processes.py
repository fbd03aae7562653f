"""A matrix with real processes, without Docker: their order, and killed or interrupted ones."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from robot.api import ExecutionResult

from ccci.node.state import ProcessIdentity
from ccci.project import PROJECT
from ccci.results.store import RunFacts, RunResults, write_results
from ccci.waiting import Look, wait_for

# A short version of what a run does at its end: write results.json, and copy Robot's output.
LIBRARY = """\
import atexit, os, shutil, signal, threading
from pathlib import Path
from robot.libraries.BuiltIn import BuiltIn
from ccci.results.store import RunFacts, RunResults, write_results

PROJECT = Path(__file__).parent


def end_well(recipe):
    output = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
    folder = PROJECT / "results" / recipe / "20260101-000001-aaaa"
    facts = RunFacts(folder.name, recipe, matrix=os.environ["CCCI_MATRIX"])

    def publish():
        folder.mkdir(parents=True)
        shutil.copy(output / "output.xml", folder)
        write_results(folder, RunResults(facts, "passed", {"install": "passed"}, {}, 1.0))

    atexit.register(publish)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def wait_long():
    (PROJECT / "waits").write_text(str(os.getpid()))
    threading.Event().wait(120)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Little.py").write_text(LIBRARY)
    for recipe, step in (
        ("good", "End Well    good"),
        ("brief", "End Well    brief"),
        ("long", "End Well    long"),
        ("middling", "End Well    middling"),
        ("killed", "Be Killed"),
        ("slow", "Wait Long"),
    ):
        (tmp_path / "recipes" / recipe).mkdir(parents=True)
        (tmp_path / "suites" / recipe).mkdir(parents=True)
        (tmp_path / "suites" / recipe / "1__install.robot").write_text(
            f"*** Settings ***\nLibrary    {tmp_path}/Little.py\n"
            f"*** Test Cases ***\nFirst\n    No Operation\nSecond\n    {step}\n"
        )
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(*recipes: str, places: int = 2) -> subprocess.Popen[str]:
        arguments = [*recipes, "--output", str(project / "report")]
        script = (
            "import sys; from pathlib import Path; from ccci.matrix import __main__ as command; "
            f"command.PROJECT = Path({str(project)!r}); command.main({arguments!r})"
        )
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "CCCI_STATE_DIR": str(project / "state"),
            "MAX_TESTS": str(places),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", script], env=environment, cwd=project, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            # If pytest runs in the background, its children inherit that SIGINT is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def results_of(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "report" / "results.json").read_text())
    return found


def statuses_of(project: Path) -> dict[str, str]:
    root = ExecutionResult(str(project / "report" / "output.xml")).suite
    return {suite.name: suite.status for suite in root.suites}


def test_a_killed_process_is_incomplete_and_the_others_are_reported(
    project: Path, start: Any
) -> None:
    matrix = start("good", "killed")
    output, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 1, output
    results = results_of(project)
    assert results["verdict"] == "incomplete"
    assert {one["recipe"]: one["verdict"] for one in results["recipes"]} == {
        "good": "passed",
        "killed": "incomplete",
    }
    assert results["not_finished"] == ["killed"]
    assert "Did not finish: killed" in output
    assert statuses_of(project) == {"Good": "PASS", "Killed": "FAIL"}
    assert (project / "report" / "log.html").stat().st_size > 0


def test_if_every_recipe_passed_the_exit_code_is_0(project: Path, start: Any) -> None:
    matrix = start("good")
    output, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 0, output
    assert results_of(project)["verdict"] == "passed"
    assert statuses_of(project) == {"Good": "PASS"}


def test_recipes_are_started_in_the_order_of_their_duration(project: Path, start: Any) -> None:
    # This order differs from that of the names and of the arguments, forwards and backwards.
    for recipe, seconds, waited in (("brief", 400, 390), ("middling", 60, 0), ("long", 300, 0)):
        facts = RunFacts("20250101-000001-aaaa", recipe, waited_seconds=waited)
        folder = project / "results" / recipe / facts.run_id
        write_results(folder, RunResults(facts, "passed", {}, {}, seconds))
    matrix = start("long", "brief", "middling", places=1)
    output, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 0, output
    suites = ExecutionResult(str(project / "report" / "output.xml")).suite.suites
    started = sorted(suites, key=lambda suite: suite.start_time)
    assert [suite.name for suite in started] == ["Long", "Middling", "Brief"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_matrix_ends_its_processes_and_writes_a_report(
    project: Path, start: Any, how: signal.Signals
) -> None:
    matrix = start("slow")
    waits = project / "waits"

    def look() -> Look:
        assert matrix.poll() is None, matrix.communicate()[0]
        return Look(waits.exists() and waits.read_text() != "", "not yet")

    wait_for("the suite to be running", look, 60)
    robot = ProcessIdentity.of(int(waits.read_text()))
    matrix.send_signal(how)
    output, _ = matrix.communicate(timeout=60)
    assert matrix.returncode == 1, output
    assert not robot.alive()
    results = results_of(project)
    assert (results["verdict"], results["not_finished"]) == ("incomplete", ["slow"])
    assert "Did not finish: slow" in output
    assert statuses_of(project) == {"Slow": "FAIL"}
    for name in ("log.html", "report.html", "xunit.xml"):
        assert (project / "report" / name).stat().st_size > 0
