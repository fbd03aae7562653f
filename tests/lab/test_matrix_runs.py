"""A matrix that is interrupted tears everything down, and names what did not finish."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
from robot.api import ExecutionResult

from ccci.swarm.memory import memory_of
from ccci.teardown.journal import Journal, all_runs
from ccci.waiting import Look, wait_for
from tests.lab.suite_runs import PROJECT, leftovers_of, wait_until_reaped

pytestmark = pytest.mark.lab


def run_of(matrix: "subprocess.Popen[str]") -> Journal | None:
    """Return the run of the one recipe of a matrix, once it is deployed."""
    below = {process.pid for process in psutil.Process(matrix.pid).children(recursive=True)}
    return next(
        (
            run
            for run in all_runs()
            if (owner := run.owner()) and owner.pid in below and run.names("stack")
        ),
        None,
    )


def ended_early(end: Callable[["subprocess.Popen[str]", Journal], None]) -> tuple[str, str]:
    """Run a matrix and end it once its app is deployed; return the run's id and the output."""
    script = ". .venv/bin/activate && exec python -m ccci.matrix custom-html"
    with subprocess.Popen(
        ["bash", "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as matrix:
        try:
            # Other tests' runs may have all places of the node until then.
            wait_for("the run to deploy", lambda: _deploys_or_ended(matrix), 400)
            run = run_of(matrix)
            assert run, "it has ended already"
        except BaseException:
            matrix.send_signal(signal.SIGINT)
            raise
        end(matrix, run)
        output, _ = matrix.communicate(timeout=240)
    assert matrix.returncode == 1, output
    return run.run_id, output


def _deploys_or_ended(matrix: "subprocess.Popen[str]") -> Look:
    return Look(run_of(matrix) is not None or matrix.poll() is not None, "not yet")


def report_of(output: str) -> tuple[Path, dict[str, Any]]:
    folder = Path(output.rpartition("Report:")[2].strip()).parent
    results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return folder, results


def kill_robot(_matrix: "subprocess.Popen[str]", run: Journal) -> None:
    owner = run.owner()
    assert owner, "the run has no owner"
    os.kill(owner.pid, signal.SIGKILL)


@pytest.mark.side_by_side
@pytest.mark.parametrize(
    "end",
    [
        lambda matrix, _run: matrix.send_signal(signal.SIGTERM),
        lambda matrix, _run: matrix.send_signal(signal.SIGINT),
        kill_robot,
    ],
    ids=["SIGTERM", "SIGINT", "SIGKILL of the recipe's process"],
)
def test_an_interrupted_matrix_leaves_nothing_over_and_writes_a_report(
    end: Callable[["subprocess.Popen[str]", Journal], None],
) -> None:
    run_id, output = ended_early(end)
    wait_until_reaped(run_id)
    stack = Journal.load(run_id).stacks()[0]
    assert leftovers_of(stack, run_id) == []
    folder, results = report_of(output)
    assert results["verdict"] == "incomplete"
    assert results["not_finished"] == ["custom-html"]
    assert results["recipes"][0]["recipe"] == "custom-html"
    assert results["recipes"][0]["verdict"] == "incomplete"
    assert results["problems"] == []
    assert "Did not finish: custom-html" in output
    suite = ExecutionResult(str(folder / "output.xml")).suite
    assert [one.name for one in suite.suites] == ["Custom-Html"]
    assert suite.statistics.failed > 0
    for name in ("log.html", "report.html", "xunit.xml"):
        assert (folder / name).stat().st_size > 0


def test_the_memory_of_a_container_is_what_docker_says() -> None:
    api: Any = docker.from_env().api
    container = api.containers(filters={"name": "sentinel"})[0]["Id"]
    pid = int(api.inspect_container(container)["State"]["Pid"])
    memory = api.stats(container, stream=False)["memory_stats"]
    cache = memory["stats"]
    expected = memory["usage"] - cache.get("total_inactive_file", cache.get("inactive_file", 0))
    read = memory_of(container, pid)
    assert read is not None, "the container's cgroup cannot be read here"
    assert read == pytest.approx(expected, rel=0.2, abs=4 * 1024**2)
