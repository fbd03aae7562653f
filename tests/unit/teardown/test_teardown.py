"""A teardown beside Docker: processes, files, credentials; and that it stops at its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from ccci.node.state import ProcessIdentity
from ccci.run.run import new_run_id
from ccci.teardown import processes, removal
from ccci.teardown.journal import Journal

if TYPE_CHECKING:
    from docker import DockerClient

ME = ProcessIdentity.of(os.getpid())
GONE = ProcessIdentity(ME.pid, ME.start_ticks + 1, ME.boot_id)
# A teardown ends each process on the node that has its run's id, so also those of another pytest.
RUN = new_run_id()
Sleeper = subprocess.Popen[bytes]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def marked() -> Iterator[Sleeper]:
    process = subprocess.Popen(["sleep", "60"], env={"CCCI_RUN_ID": RUN})
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def foreign() -> Iterator[Sleeper]:
    process = subprocess.Popen(["sleep", "60"], env={"CCCI_RUN_ID": f"{RUN}1"})
    yield process
    process.kill()
    process.wait()


def test_left_over_processes_are_ended_and_no_others(marked: Sleeper, foreign: Sleeper) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    recorded = subprocess.Popen(["sh", "-c", "trap '' TERM; echo deaf; sleep 60 & wait"], stdout=-1)
    assert recorded.stdout and recorded.stdout.readline() == b"deaf\n"
    run.process(recorded.pid)
    assert removal.tear_down(run, None) == []
    assert marked.wait(timeout=1) == -15
    assert recorded.wait(timeout=1) == -9
    assert foreign.poll() is None


def test_a_living_owner_keeps_its_children(marked: Sleeper) -> None:
    run = Journal.open(RUN, "n8n", ME)
    run.process(marked.pid)
    assert processes.processes_of(run) == []
    assert removal.tear_down(run, None) == []
    assert marked.poll() is None


def test_a_reused_pid_is_not_hit(foreign: Sleeper) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    now = ProcessIdentity.of(foreign.pid)
    before = ProcessIdentity(now.pid, now.start_ticks - 1, now.boot_id)
    run.record("browser", str(now.pid), process=before.to_json())
    assert removal.tear_down(run, None) == []
    assert foreign.poll() is None


def test_files_and_credentials_go_and_links_are_not_followed(tmp_path: Path) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    operators = tmp_path / "operators" / "servers"
    operators.mkdir(parents=True)
    (operators / "shop.env").write_text("TYPE=shop")
    env = operators / "n8n.env"
    env.write_text("TYPE=n8n")
    run.record("env", str(env))
    run.record("env", str(operators / "never-made.env"))
    (run.folder / "abra").mkdir()
    (run.folder / "abra" / "servers").symlink_to(operators)
    (run.folder / "store").mkdir(mode=0o700)
    (run.folder / "store" / "key").write_text("secret")
    removed: list[str] = []
    assert removal.tear_down(run, None, on_removed=removed.append) == []
    assert sorted(path.name for path in operators.iterdir()) == ["shop.env"]
    assert sorted(path.name for path in run.folder.iterdir()) == ["journal.jsonl", "teardown.lock"]
    assert removed[0] == f"path {env}"
    assert sorted(removed[1:]) == [f"path {run.folder / 'abra'}", f"path {run.folder / 'store'}"]


@pytest.mark.parametrize(
    "path", ["/", "/etc", "/var/lib", "relative/one/two/three", "/a/b/../../.."]
)
def test_a_path_that_can_only_be_a_mistake_is_refused(path: str) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    run.record("path", path)
    assert removal.tear_down(run, None) == [
        f"path {Path(path)} (not removed: it holds more than this run's files)"
    ]


def test_the_state_of_others_is_refused(tmp_path: Path) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    run.record("path", str(tmp_path / "state"))
    assert len(removal.tear_down(run, None)) == 1
    assert run.folder.is_dir()


def test_without_docker_the_stacks_are_left() -> None:
    run = Journal.open(RUN, "n8n", GONE)
    assert not removal.needs_docker(run)
    run.record("domain", "a.lab.test")
    assert removal.needs_docker(run)
    assert removal.tear_down(run, None) == ["stack a_lab_test (Docker is not reachable)"]


def test_a_clean_run_is_not_torn_down_again(tmp_path: Path) -> None:
    run = Journal.open(RUN, "n8n", GONE)
    env = tmp_path / "folder" / "a.env"
    env.parent.mkdir()
    run.record("env", str(env))
    run.closed("passed")
    env.write_text("another run's by now")
    assert removal.tear_down(run, None) == []
    assert env.exists()


class OneNodeOfTwo:
    """The API of a manager whose Swarm ran a task of the run on another node as well."""

    api = property(lambda self: self)

    def info(self) -> dict[str, object]:
        return {"Swarm": {"NodeID": "here", "ControlAvailable": True, "LocalNodeState": "active"}}

    def tasks(self, filters: object = None) -> list[dict[str, object]]:
        mounts = [{"Type": "volume", "Source": "a_lab_test_data"}, {"Type": "bind", "Source": "/"}]
        labels = {"com.docker.stack.namespace": "a_lab_test"}
        spec = {"ContainerSpec": {"Labels": labels, "Mounts": mounts}}
        return [
            {
                "ID": f"task-{node}",
                "NodeID": node,
                "DesiredState": "remove",
                "Status": {"State": "running" if node == "here" else "shutdown"},
                "Spec": spec,
            }
            for node in ("here", "there")
        ]

    def _none(self, *_: object, **__: object) -> list[object]:
        return []

    services = secrets = configs = networks = containers = _none

    def volumes(self) -> dict[str, object]:
        return {"Volumes": None}


def test_what_another_node_may_hold_is_named_and_not_forgotten() -> None:
    run = Journal.open(RUN, "n8n", GONE)
    run.record("stack", "a_lab_test")
    client = cast("DockerClient", OneNodeOfTwo())
    for _ in range(2):
        (left,) = removal.tear_down(run, client)
        assert left.startswith("volume a_lab_test_data on node there (out of reach from here")
        assert f"--forget {RUN}" in left
    assert run.names("remote") == ["volume a_lab_test_data on node there"]
    run.record("remote-removed", "volume a_lab_test_data on node there")
    assert removal.tear_down(run, client) == []
