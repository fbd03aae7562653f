"""The reaper acts when its run's process dies, however it dies, and only then."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ccci.budget.places import Budget
from ccci.errors import NodeFailure
from ccci.node.state import ProcessIdentity
from ccci.results.store import read_results
from ccci.run.run import new_run_id
from ccci.teardown import reaper
from ccci.teardown.journal import Journal
from tests.unit.small_docker import running

# A reaper ends each process on the node that has its run's id, so also those of another pytest.
RUN = new_run_id()
# That it happens is asserted, not how fast: a busy machine takes its time.
PATIENCE_SECONDS = 60.0

# Opens a run with a reaper, a share of the budget, credentials and a child that outlives it, tells
# the reaper's pid and does what it is told: exit, close, keep; or is killed.
OWNER = """
import os, subprocess, sys, time
from ccci.teardown import reaper
from ccci.budget.places import Budget
from ccci.teardown.journal import Journal
from ccci.node.state import ProcessIdentity
me = ProcessIdentity.of(os.getpid())
run_id = sys.argv[1]
run = Journal.open(run_id, "n8n", me)
watching = reaper.start(run_id, me)
lease = Budget(2).take(2, f"run {run_id}")
reaper.entrust(run_id, lease.fileno())
for name in ("abra", "store"):
    (run.folder / name).mkdir()
(run.folder / "store" / "key").write_text("a credential")
child = subprocess.Popen(["sleep", "60"], env={"CCCI_RUN_ID": run_id}, start_new_session=True)
print(watching.pid, child.pid, flush=True)
word = sys.stdin.readline().strip()
if word == "close":
    run.closed("passed")
    sys.stdin.readline()
if word.startswith("limit"):
    import signal
    def told(number, frame):
        print(run.overdue(), flush=True)
        if "deaf" not in word:
            run.closed("failed")
            os._exit(0)
    signal.signal(signal.SIGTERM, told)
    run.limited(0.5, 0.5 if "deaf" in word else 30)
    while True:
        time.sleep(60)
if word.startswith("keep"):
    run.kept(time.time() + float(word.split()[1]), "n8n.lab.test")
    lease.leave_to_reaper()
"""


class Owner:
    """A process with a run."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        reaper_pid, child_pid = map(int, self.process.stdout.readline().split())
        self.reaper, self.child = ProcessIdentity.of(reaper_pid), ProcessIdentity.of(child_pid)
        self.run = Journal.load(RUN)

    def told(self, word: str) -> None:
        """Tell it what to do."""
        assert self.process.stdin
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def owner() -> Iterator[Owner]:
    one = Owner()
    yield one
    for identity in (one.reaper, one.child):
        if identity.alive():
            os.kill(identity.pid, signal.SIGKILL)
    one.process.kill()
    one.process.communicate()


def until(condition: Callable[[], bool], within_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        time.sleep(0.01)


def reaped(owner: Owner, verdict: str = "incomplete") -> None:
    """Assert that the reaper did all it is there for, and ended."""
    until(lambda: not owner.reaper.alive())
    assert owner.run.verdict() == verdict
    assert owner.run.is_clean()
    assert not owner.child.alive()
    assert not (owner.run.folder / "store").exists()
    assert not (owner.run.folder / "abra").exists()
    report = json.loads((owner.run.folder / reaper.REPORT).read_text())
    assert report["left"] == []
    assert f"process {owner.child.pid} (sleep)" in report["removed"]
    assert f"path {owner.run.folder / 'store'}" in report["removed"]
    assert Budget(2).holders() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_it_acts_within_a_second_when_its_owner_is_killed(owner: Owner, number: int) -> None:
    assert [holder.who for holder in Budget(2).holders()] == [f"run {RUN}"]
    owner.process.send_signal(number)
    until(lambda: owner.run.is_closed())
    reaped(owner)


def test_it_acts_when_its_owner_ends_without_closing(owner: Owner) -> None:
    owner.told("exit")
    until(lambda: owner.run.is_closed())
    reaped(owner)


def test_it_waits_for_docker_as_long_as_it_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    me = ProcessIdentity.of(os.getpid())
    gone = ProcessIdentity(me.pid, me.start_ticks + 1, me.boot_id)
    run = Journal.open("r4", "n8n", gone)
    run.record("domain", "n8n.lab.test")
    process = reaper.start("r4", gone)
    log = run.folder / reaper.LOG
    until(lambda: "the Docker daemon is away: waiting for it" in log.read_text())
    assert process.alive()
    assert not run.is_closed()
    with running(path, "pending"):
        time.sleep(1)
        assert process.alive()
    with running(path):
        until(lambda: not process.alive())
    assert run.is_clean()


def test_results_that_cannot_be_written_do_not_stop_the_teardown(
    owner: Owner, tmp_path: Path
) -> None:
    (owner.run.folder / "store" / "credentials.json").write_text('{"cut sho')
    owner.run.record("results", str(tmp_path))
    owner.process.kill()
    until(lambda: owner.run.is_closed())
    report = json.loads((owner.run.folder / reaper.REPORT).read_text())
    assert report["results"].startswith("not written")
    reaped(owner)


def test_it_ends_at_once_when_the_run_is_closed(owner: Owner) -> None:
    owner.told("close")
    until(lambda: not owner.reaper.alive())
    assert owner.process.poll() is None
    assert owner.run.verdict() == "passed"
    assert not (owner.run.folder / reaper.REPORT).exists()
    assert (owner.run.folder / "store" / "key").exists()  # Not its work in a run that ends itself.
    # The share is the owner's until that gives it back or ends.
    assert [holder.who for holder in Budget(2).holders()] == [f"run {RUN}"]
    owner.told("exit")
    owner.process.wait(timeout=5)
    assert Budget(2).holders() == []


def test_the_budget_counts_until_the_teardown_is_done(owner: Owner) -> None:
    os.kill(owner.reaper.pid, signal.SIGSTOP)
    owner.process.kill()
    owner.process.wait()
    with pytest.raises(NodeFailure, match=f"run {RUN} holds 2"):
        Budget(2).take(1, "next", deadline_seconds=0.3)
    os.kill(owner.reaper.pid, signal.SIGCONT)
    Budget(2).take(2, "next", deadline_seconds=30).release()
    assert owner.run.is_clean()


def test_nothing_leaks_when_the_reaper_is_killed_too(owner: Owner) -> None:
    os.kill(owner.reaper.pid, signal.SIGKILL)
    until(lambda: not owner.reaper.alive())
    assert Budget(2).holders() != []
    owner.process.kill()
    owner.process.wait()
    assert Budget(2).holders() == []
    assert owner.run.is_dead()  # For the sweep.


def test_ctrl_c_and_the_end_of_the_owner_s_group_do_not_reach_it(owner: Owner) -> None:
    identity = psutil.Process(owner.reaper.pid)
    assert owner.process.pid not in [parent.pid for parent in identity.parents()]
    assert os.getsid(owner.reaper.pid) not in (os.getsid(0), os.getsid(owner.process.pid))
    assert "CCCI_RUN_ID" not in identity.environ()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(owner.reaper.pid, number)
    os.killpg(owner.process.pid, signal.SIGINT)
    until(lambda: owner.run.is_closed())
    reaped(owner)


def test_a_kept_run_is_reaped_when_its_time_is_over(owner: Owner) -> None:
    owner.told("keep 4")
    owner.process.wait(timeout=5)
    assert owner.run.is_live()
    assert owner.reaper.alive()
    assert [holder.who for holder in Budget(2).holders()] == [f"run {RUN}"]
    until(lambda: owner.run.is_closed())
    assert time.time() >= owner.run.kept_until()
    reaped(owner)


def test_another_process_can_take_a_kept_run_over(owner: Owner) -> None:
    owner.told("keep 60")
    owner.process.wait(timeout=5)
    with subprocess.Popen(["sleep", "60"]) as next_owner:
        identity = ProcessIdentity.of(next_owner.pid)
        assert reaper.start(RUN, identity) == owner.reaper
        assert owner.run.owner() == identity
        owner.run.kept(time.time(), "n8n.lab.test")
        assert owner.run.is_live()
        next_owner.kill()
        until(lambda: owner.run.is_closed())
    reaped(owner)


def test_an_owner_that_is_gone_already_is_noticed() -> None:
    me = ProcessIdentity.of(os.getpid())
    gone = ProcessIdentity(me.pid, me.start_ticks + 1, me.boot_id)
    run = Journal.open("r2", "n8n", gone)
    reaper.start("r2", gone)
    until(run.is_closed)
    assert run.verdict() == "incomplete"


def test_a_reaper_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    me = ProcessIdentity.of(os.getpid())
    Journal.open("r3", "n8n", me).closed("passed")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NodeFailure, match="The reaper of run r3 did not start: its log is empty"):
        reaper.start("r3", me)


def test_it_starts_without_what_is_slow_to_import() -> None:
    """It starts in 0.15 s; with Docker's client it would take several times as long."""
    program = (
        "import sys, ccci.teardown.reaper; print({'docker', 'requests', 'robot'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_a_run_that_takes_too_long_is_told_to_end(owner: Owner) -> None:
    owner.told("limit")
    assert owner.process.stdout
    assert "The run took longer than 0.5 s and was ended." in owner.process.stdout.readline()
    until(lambda: not owner.reaper.alive())
    assert owner.run.verdict() == "failed"
    assert owner.process.wait(5) == 0


def test_a_run_that_does_not_end_when_told_is_killed_and_torn_down(
    owner: Owner, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    owner.run.record("results", str(tmp_path / "results"))
    owner.told("limit, deaf")
    until(lambda: owner.run.is_closed())
    reaped(owner, "failed")
    assert owner.process.wait(5) == -signal.SIGKILL
    found = read_results(tmp_path / "results")
    assert found and found.verdict == "failed"
    assert found.reason.startswith("The run took longer than 0.5 s")


def test_a_limit_that_is_not_reached_changes_nothing(owner: Owner) -> None:
    owner.run.limited(60)
    owner.told("close")
    until(lambda: not owner.reaper.alive())
    assert (owner.run.verdict(), owner.run.overdue()) == ("passed", "")
