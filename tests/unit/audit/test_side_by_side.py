"""Several defects side by side, one that disturbs others by itself, and Ctrl-C."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from ccci.audit import __main__ as program
from ccci.audit.record import Finding, Record, continued, key_of, read_record
from ccci.audit.running import Runner
from ccci.audit.trial import Trial
from ccci.audit.trials import CONTROL
from ccci.errors import Misuse
from ccci.node import locks
from ccci.results.store import RunFacts, RunResults, write_results


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


def test_the_first_failure_ends_a_run_or_the_one_that_the_defect_tells(tmp_path: Path) -> None:
    runner = Runner("shop", tmp_path, "h", tmp_path, timeout_seconds=90)
    any_failure = Trial("a volume", {"compose.yml": "x"}, ("install", "restart"))
    assert "--exitonfailure" in runner.options(any_failure, tmp_path)
    one_sentence = replace(any_failure, message="is not there")
    options = runner.options(one_sentence, tmp_path)
    assert "--exitonfailure" not in options
    assert "ccci.audit.ending.Ending:is not there" in options
    assert "TIMEOUT:90" in runner.options(one_sentence, tmp_path)


class Interrupted:
    """A runner whose person presses Ctrl-C when one defect is tried."""

    def __init__(self, folder: Path, at: str) -> None:
        self.folder = folder
        self.at = at
        self.tried: list[str] = []
        self.stopped = threading.Event()

    def try_out(self, trial: Trial) -> Finding | None:
        if self.at in self.tried:
            assert self.stopped.wait(10)
            return None
        self.tried.append(trial.name)
        if trial.name == self.at:
            raise KeyboardInterrupt
        return Finding(
            trial.name, trial.stages, caught=True, passed=not trial.files, key=key_of(trial)
        )

    def stop(self) -> None:
        self.stopped.set()


@pytest.mark.parametrize("at", [CONTROL.name, "a volume"])
def test_ctrl_c_keeps_what_is_known_and_the_audit_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(program, "default_slots", lambda: 1)
    files = {"compose.yml": "x"}
    trials = [Trial(name, files, ("install",)) for name in ("a port", "a volume", "a route")]
    new = Record("shop", "h", "t", "now", planned=3)
    first = Interrupted(tmp_path, at)
    with pytest.raises(KeyboardInterrupt):
        program._run(replace(new, findings={}), trials, cast(Runner, first))
    assert first.stopped.is_set()
    known = read_record(tmp_path)
    assert list(known.findings if known else ()) == first.tried[1:-1]
    second = Interrupted(tmp_path, "nothing")
    record = continued(tmp_path, replace(new, findings={}), trials)
    program._run(record, program._left(record, trials), cast(Runner, second))
    assert second.tried == [name for name in (CONTROL.name, "a port", "a volume", "a route")
                            if name not in first.tried[:-1]]  # fmt: skip
    assert record.is_complete


def test_a_second_audit_leaves_the_runs_of_the_first_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop" / "audit"
    monkeypatch.setattr(program, "audit_folder", lambda *_: folder)
    running = folder / "runs" / "a-port" / "terminal.txt"
    running.parent.mkdir(parents=True)
    running.touch()
    plan = program._Plan("shop", tmp_path, "h", [])
    with locks.only_one(folder.parent / "audit.lock", "?"):
        with pytest.raises(Misuse, match="Another audit of shop is running"):
            program._audited(plan, [])
        assert running.exists()
    # Of a run that is over nothing is kept: nobody knows what it had found.
    assert program._audited(plan, []).findings == {}
    assert not running.exists()


def test_a_suite_that_is_not_green_is_not_audited(tmp_path: Path) -> None:
    class Red(Counting):
        def try_out(self, trial: Trial) -> Finding:
            return Finding(trial.name, trial.stages, said="it is down")

    record = Record("shop", "h", "t", "now", planned=1)
    trials = [Trial("a port", {"compose.yml": "x"}, ("install",))]
    with pytest.raises(Misuse, match=r"must be green .* it is down"):
        program._run(record, trials, cast(Runner, Red(tmp_path)))
    assert (record.control, record.findings) == (None, {})


@pytest.mark.parametrize(
    ("at_once", "took", "most", "enough"),
    [
        (2, 5.0, 300, 60),
        (2, 30.0, 300, 90),
        (2, 200.0, 300, 300),
        (2, 5.0, 50, 50),
        (7, 30.0, 600, 210),
    ],
)
def test_a_broken_app_is_waited_for_as_long_as_one_that_comes_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    took: float,
    most: int,
    enough: int,
) -> None:
    monkeypatch.setenv("MAX_TESTS", str(at_once))
    facts = RunFacts("r", "shop", stage_seconds={"install": took})
    write_results(tmp_path / "run", RunResults(facts, "passed", {}, {}, took))
    control = Finding(CONTROL.name, CONTROL.stages, passed=True, run="run")
    record = Record("shop", "h", "t", "now", control=control)
    assert program._enough(record, tmp_path, most) == enough
    assert program._enough(replace(record, control=None), tmp_path, most) == most
