"""The journal: on disk before the creation, readable after any crash, names given out once."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.errors import Misuse, NodeFailure
from ccci.node.state import ProcessIdentity, boot_id, state_dir
from ccci.teardown import journal
from ccci.teardown.journal import Journal, dead_runs, known_stacks, live_runs

ME = ProcessIdentity.of(os.getpid())
GONE = ProcessIdentity(ME.pid, ME.start_ticks + 1, ME.boot_id)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    return state_dir()


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_the_state_is_private(state: Path) -> None:
    run = Journal.open("r1", "n8n", ME)
    for path in (state, run.folder):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (run.folder / journal.FILE).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "file"))
    with pytest.raises(Misuse, match="set CCCI_STATE_DIR"):
        state_dir()


def test_what_is_recorded_is_read_back() -> None:
    run = Journal.open("r1", "n8n", ME)
    run.record("stack", "n8n_lab_test", recipe="n8n")
    run.record("stack", "n8n_lab_test")
    run.record("secret", "n8n_lab_test_key_v1")
    again = Journal.load("r1")
    assert again.recipe() == "n8n"
    assert again.owner() == ME
    assert again.stacks() == ["n8n_lab_test"]
    assert [entry.kind for entry in again.entries()] == ["run", "stack", "stack", "secret"]
    assert again.entries()[1].detail == {"recipe": "n8n"}
    assert time.time() - again.entries()[1].at < 5


def test_a_torn_line_is_passed_over_and_swallows_nothing() -> None:
    run = Journal.open("r1", "n8n", ME)
    run.record("stack", "a_lab_test")
    with (run.folder / journal.FILE).open("ab") as out:
        out.write(b'{"kind": "stack", "name": "b_la')
    assert run.stacks() == ["a_lab_test"]
    run.closed("failed")
    assert run.stacks() == ["a_lab_test"]
    assert run.verdict() == "failed"


@pytest.mark.parametrize(
    "line", ["", "[]", "null", "7", "{}", '{"kind": "stack"}', "\0\0\0", "\x80"]
)
def test_lines_that_make_no_sense_are_passed_over(line: str) -> None:
    run = Journal.open("r1", "n8n", ME)
    with (run.folder / journal.FILE).open("a", encoding="latin-1") as out:
        out.write(line + "\n")
    run.record("stack", "a_lab_test")
    assert run.stacks() == ["a_lab_test"]


def test_a_full_disk_is_told_before_the_creation() -> None:
    run = Journal.open("r1", "n8n", ME)
    (run.folder / journal.FILE).unlink()
    (run.folder / journal.FILE).symlink_to("/dev/full")
    with pytest.raises(NodeFailure, match="Nothing is created without it"):
        run.record("stack", "a_lab_test")


@pytest.mark.parametrize("run_id", ["", ".", "..", "a/b", "-x", "a b", "x" * 65, "../r1"])
def test_a_run_id_is_a_plain_name(run_id: str) -> None:
    with pytest.raises(Misuse):
        Journal.open(run_id, "n8n", ME)
    with pytest.raises(Misuse):
        Journal.load(run_id)


def test_a_run_is_opened_once() -> None:
    Journal.open("r1", "n8n", ME)
    with pytest.raises(NodeFailure, match="has a journal already"):
        Journal.open("r1", "n8n", ME)
    assert [run.run_id for run in journal.all_runs()] == ["r1"]
    with pytest.raises(Misuse, match="no run 'r2'"):
        Journal.load("r2")


def test_live_dead_and_clean(sleeper: "subprocess.Popen[bytes]") -> None:
    Journal.open("mine", "n8n", ME)
    Journal.open("gone", "n8n", GONE)
    Journal.open("rebooted", "n8n", ProcessIdentity(ME.pid, ME.start_ticks, "another boot"))
    other = Journal.open("other", "n8n", ProcessIdentity.of(sleeper.pid))
    Journal.open("clean", "n8n", GONE).closed("passed")
    Journal.open("unclean", "n8n", ME).closed("passed", ["volume x"])
    assert [run.run_id for run in live_runs()] == ["mine", "other"]
    assert [run.run_id for run in dead_runs()] == ["gone", "rebooted", "unclean"]
    sleeper.kill()
    until_gone = time.monotonic() + 5
    while ProcessIdentity.of(sleeper.pid).alive() and time.monotonic() < until_gone:
        time.sleep(0.01)
    assert other.is_dead()  # A zombie is gone: nobody has waited for it yet.


def test_a_kept_run_is_live_until_its_time_is_over() -> None:
    run = Journal.open("kept", "n8n", GONE)
    run.kept(time.time() + 60, "n8n.lab.test")
    assert run.is_live()
    run.kept(time.time() - 1, "n8n.lab.test")
    assert run.is_dead()
    run.adopted(ME)
    assert run.is_live()


def test_known_stacks() -> None:
    Journal.open("live", "n8n", ME).record("stack", "a_lab_test")
    dead = Journal.open("dead", "n8n", GONE)
    dead.record("domain", "b.lab.test")
    done = Journal.open("done", "n8n", GONE)
    done.record("stack", "c_lab_test")
    done.closed("passed")
    assert known_stacks() == ["b_lab_test", "c_lab_test", "a_lab_test"]
    assert known_stacks(closed_within_seconds=-1) == ["b_lab_test", "a_lab_test"]


def test_a_run_that_was_killed_while_it_was_opened_is_forgotten(state: Path) -> None:
    runs = state / "runs"
    runs.mkdir()
    for identity in (GONE, ME):
        (runs / f".opening-{identity.pid}-{identity.start_ticks}-r1-x").mkdir()
    assert journal.forget_unopened() == [f".opening-{GONE.pid}-{GONE.start_ticks}-r1-x"]
    assert journal.all_runs() == []


def test_an_identity_survives_json_and_odd_names(tmp_path: Path) -> None:
    assert ProcessIdentity.from_json(json.loads(json.dumps(ME.to_json()))) == ME
    assert ME.boot_id == boot_id()
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(odd), "60"])
    try:
        assert ProcessIdentity.of(process.pid).alive()
        assert ProcessIdentity.of(process.pid).start_ticks >= ME.start_ticks
    finally:
        process.kill()
        process.wait()
    with pytest.raises(ProcessLookupError):
        ProcessIdentity.of(process.pid)
