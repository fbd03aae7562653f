"""A defect that disturbs other runs is tried by itself."""

import threading
from pathlib import Path
from typing import cast

import pytest

from ccci.audit import __main__ as program
from ccci.audit.record import Finding, Record
from ccci.audit.running import Runner
from ccci.audit.trial import Trial


class Counting:
    """A runner that notes how many trials run at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at_once: dict[str, int] = {}
        self._running = 0
        self._lock = threading.Lock()
        self._all_there = threading.Barrier(2, timeout=10)

    def try_out(self, trial: Trial) -> Finding:
        with self._lock:
            self._running += 1
        if trial.files and not trial.alone:
            self._all_there.wait()
        with self._lock:
            self.at_once[trial.name] = self._running
        if trial.files and not trial.alone:
            self._all_there.wait()
        with self._lock:
            self._running -= 1
        return Finding(trial.name, trial.stages, caught=True, passed=not trial.files)

    def stop(self) -> None:
        """Nothing to interrupt."""


def test_the_others_run_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "default_slots", lambda: 2)
    files = {"compose.yml": "x"}
    trials = [
        Trial("a greedy route", files, ("install",), alone=True),
        Trial("a volume", files, ("restart",)),
        Trial("a port", files, ("install",)),
    ]
    runner = Counting(tmp_path)
    record = Record("shop", "h", "t", "now", planned=3)
    program._run(record, trials, cast(Runner, runner))
    assert set(record.findings) == {trial.name for trial in trials}
    assert runner.at_once["a greedy route"] == 1
    assert {runner.at_once["a volume"], runner.at_once["a port"]} == {2}
