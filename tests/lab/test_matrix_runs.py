"""A matrix that is ended early tears everything down, and says what did not finish."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from ccci.journal import Journal, all_runs
from ccci.waiting import Look, wait_for
from tests.lab.suite_runs import PROJECT, leftovers_of, wait_until_reaped

pytestmark = pytest.mark.lab


def runs() -> set[str]:
    return {run.run_id for run in all_runs()}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ended_early_it_leaves_nothing_and_a_report(how: signal.Signals) -> None:
    before = runs()
    script = ". .venv/bin/activate && exec python -m matrix custom-html"
    with subprocess.Popen(
        ["bash", "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as matrix:
        try:
            wait_for(
                "the run to deploy",
                lambda: Look(any(Journal.load(r).names("stack") for r in runs() - before), "not"),
                60,
            )
        finally:
            matrix.send_signal(how)
        said, _ = matrix.communicate(timeout=120)
    assert matrix.returncode == 1, said
    run_id = next(iter(runs() - before))
    wait_until_reaped(run_id)
    stack = Journal.load(run_id).stacks()[0]
    assert leftovers_of(stack, run_id) == []
    folder = Path(said.rpartition("Report:")[2].strip()).parent
    results = json.loads((folder / "results.json").read_text())
    assert results["verdict"] == "incomplete"
    assert results["recipes"][0]["recipe"] == "custom-html"
    assert results["recipes"][0]["verdict"] == "incomplete"
