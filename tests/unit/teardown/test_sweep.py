"""The sweep tears down runs whose process died, and leaves everything else alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.node.state import ProcessIdentity
from ccci.project import PROJECT
from ccci.run.run import new_run_id
from ccci.swarm.holdings import DockerObject
from ccci.teardown import reaper, sweep
from ccci.teardown.journal import FILE, Journal, all_runs

ME = ProcessIdentity.of(os.getpid())
GONE = ProcessIdentity(ME.pid, ME.start_ticks + 1, ME.boot_id)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    # These tests need no Docker, and must not look at the node's.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def swept(dry_run: bool = False) -> tuple[sweep.Swept, str]:
    told: list[str] = []
    return sweep.sweep(dry_run=dry_run, report=told.append), "\n".join(told)


def test_dead_runs_are_torn_down_and_live_ones_are_not() -> None:
    dead, live, kept = (
        Journal.open(name, "n8n", owner)
        for name, owner in (("dead", GONE), ("live", ME), ("kept", GONE))
    )
    kept.kept(time.time() + 60, "n8n.lab.test")
    for run in (dead, live, kept):
        (run.folder / "store").mkdir()
    would, told = swept(dry_run=True)
    assert would.torn_down == ("dead",)
    assert "Run dead (n8n) is dead and would be torn down." in told
    assert (dead.folder / "store").exists()
    done, told = swept()
    assert done.torn_down == ("dead",)
    assert done.left == ()
    assert "Run kept (n8n) is kept until" in told
    assert not (dead.folder / "store").exists()
    assert (live.folder / "store").exists()
    assert (kept.folder / "store").exists()
    assert dead.verdict() == "incomplete"
    assert swept()[0].torn_down == ()


def test_a_kept_run_goes_when_its_time_is_over_or_somebody_ends_it() -> None:
    expired, wanted = Journal.open("expired", "n8n", GONE), Journal.open("wanted", "n8n", GONE)
    expired.kept(time.time() - 1, "n8n.lab.test")
    wanted.kept(time.time() + 60, "n8n.lab.test")
    assert swept()[0].torn_down == ("expired",)
    assert sweep.end_kept("wanted") == []
    assert wanted.is_clean()
    Journal.open("live", "n8n", ME)
    with pytest.raises(Misuse, match=f"is still running \\(process {os.getpid()}\\)"):
        sweep.end_kept("live")


def test_a_kept_run_is_ended_by_its_reaper_where_it_has_one() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        owner = ProcessIdentity.of(process.pid)
        run = Journal.open("r1", "n8n", owner)
        run.kept(time.time() + 60, "n8n.lab.test")
        watching = reaper.start("r1", owner)
        process.kill()
    assert sweep.end_kept("r1") == []
    assert run.is_clean()
    assert not watching.alive()


def test_a_run_that_its_reaper_is_at_is_left_to_it() -> None:
    run = Journal.open("r1", "n8n", GONE)
    run.record("reaper", str(ME.pid), process=ME.to_json())
    done, told = swept()
    assert done.torn_down == ()
    assert "is tearing it down" in told


def test_what_is_left_is_told_and_tried_again() -> None:
    run = Journal.open("r1", "n8n", GONE)
    run.record("stack", "n8n-pr0-1234567_lab_test")
    for _ in range(2):
        done, told = swept()
        assert done.torn_down == ("r1",)
        assert "The Docker daemon does not answer" in done.left[0]
        assert "left: The Docker daemon does not answer" in told
    assert run.is_closed()
    assert run.is_dead()


def test_things_on_other_nodes_are_left_until_somebody_says_they_are_gone() -> None:
    run = Journal.open("r1", "n8n", GONE)
    run.closed("passed", ["volume x on node y"])
    run.record("remote", "volume x on node y")
    assert sweep.forget("r1") == []
    assert run.is_clean()
    assert run.verdict() == "passed"


def test_old_clean_runs_are_forgotten_and_strays_are_ended() -> None:
    # Its processes are looked for on the whole node, so also among those of another pytest.
    new_id = new_run_id()
    old, new = Journal.open("old", "n8n", GONE), Journal.open(new_id, "n8n", GONE)
    for run in (old, new):
        run.closed("passed")
    text = (old.folder / FILE).read_text()
    at = old.entries()[-1].at
    (old.folder / FILE).write_text(text.replace(str(at), str(at - 8 * 86400)))
    stray = subprocess.Popen(["sleep", "60"], env={"CCCI_RUN_ID": new_id})
    _, told = swept()
    # A child of this very process, which is not the owner: ended like any other.
    assert stray.wait(timeout=5) == -15
    assert [run.run_id for run in all_runs()] == [new_id]
    assert "Removed the journal of run old, which ended cleanly more than 7 days ago." in told


@pytest.mark.parametrize(
    ("item", "alike"),
    [
        (DockerObject("volume", "1", "n8n-pr12-12ab567_lab_test_data"), True),
        (DockerObject("volume", "1", "n8n-pr12-12ab567-2_lab_test_data"), True),
        (DockerObject("service", "1", "x", stack="custom-html-pr0-1234567_lab_test"), True),
        (DockerObject("service", "1", "custom-html-pr0-1234567_x", stack="shop"), False),
        (DockerObject("volume", "1", "shop_data"), False),
        (DockerObject("volume", "1", "n8n-pr1_data"), False),
        (DockerObject("volume", "1", "n8n-pr1-1234567"), False),
        (DockerObject("volume", "1", "x_n8n-pr1-1234567_data"), False),
    ],
    ids=str,
)
def test_the_shape_of_a_test_s_name(item: DockerObject, alike: bool) -> None:
    assert sweep.looks_like_a_test(item) is alike


def test_the_command_line() -> None:
    Journal.open("r1", "n8n", GONE)
    words = [sys.executable, "-m", "ccci.teardown.sweep"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    dry = subprocess.run(
        [*words, "--dry-run"], capture_output=True, text=True, env=env, check=False
    )
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "Run r1 (n8n) is dead" in dry.stdout
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0
    assert "nothing is left" in done.stdout
    bad = subprocess.run(
        [*words, "--end", "r2"], capture_output=True, text=True, env=env, check=False
    )
    assert bad.returncode == 1
    assert "no run 'r2'" in bad.stderr
