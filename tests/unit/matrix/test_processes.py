"""A matrix with real processes and no Docker: their order, those killed, and one ended early."""

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

# What a run's own library does at its end, in small: results.json, and Robot's output beside it.
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
        words = [*recipes, "--output", str(project / "report")]
        script = (
            "import sys; from pathlib import Path; from ccci.matrix import __main__ as command; "
            f"command.PROJECT = Path({str(project)!r}); command.main({words!r})"
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
            # Where pytest itself runs in the background, Ctrl-C would be ignored all the way down.
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


def test_a_killed_process_is_not_passed_and_the_others_are_reported(
    project: Path, start: Any
) -> None:
    matrix = start("good", "killed")
    said, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 1, said
    results = results_of(project)
    assert results["verdict"] == "incomplete"
    assert {one["recipe"]: one["verdict"] for one in results["recipes"]} == {
        "good": "passed",
        "killed": "incomplete",
    }
    assert results["not_finished"] == ["killed"]
    assert "Did not finish: killed" in said
    assert statuses_of(project) == {"Good": "PASS", "Killed": "FAIL"}
    assert (project / "report" / "log.html").stat().st_size > 0


def test_with_every_recipe_passed_it_ends_well(project: Path, start: Any) -> None:
    matrix = start("good")
    said, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 0, said
    assert results_of(project)["verdict"] == "passed"
    assert statuses_of(project) == {"Good": "PASS"}


def test_one_at_a_time_they_begin_with_the_one_that_took_longest(project: Path, start: Any) -> None:
    # Neither the order of their names, nor that of the command, nor either of these backwards.
    for recipe, seconds, waited in (("brief", 400, 390), ("middling", 60, 0), ("long", 300, 0)):
        facts = RunFacts("20250101-000001-aaaa", recipe, waited_seconds=waited)
        folder = project / "results" / recipe / facts.run_id
        write_results(folder, RunResults(facts, "passed", {}, {}, seconds))
    matrix = start("long", "brief", "middling", places=1)
    said, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 0, said
    suites = ExecutionResult(str(project / "report" / "output.xml")).suite.suites
    begun = sorted(suites, key=lambda suite: suite.start_time)
    assert [suite.name for suite in begun] == ["Long", "Middling", "Brief"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ended_early_it_ends_its_processes_and_leaves_a_report(
    project: Path, start: Any, how: signal.Signals
) -> None:
    matrix = start("slow")
    waits = project / "waits"

    def look() -> Look:
        assert matrix.poll() is None, matrix.communicate()[0]
        return Look(waits.exists() and waits.read_text() != "", "not yet")

    wait_for("the suite to be at work", look, 60)
    robot = ProcessIdentity.of(int(waits.read_text()))
    matrix.send_signal(how)
    said, _ = matrix.communicate(timeout=60)
    assert matrix.returncode == 1, said
    assert not robot.alive()
    results = results_of(project)
    assert (results["verdict"], results["not_finished"]) == ("incomplete", ["slow"])
    assert "Did not finish: slow" in said
    assert statuses_of(project) == {"Slow": "FAIL"}
    for name in ("log.html", "report.html", "xunit.xml"):
        assert (project / "report" / name).stat().st_size > 0
