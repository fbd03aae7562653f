"""The teardown on a real Swarm: nothing of a run is left, nothing of anybody else is touched."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import docker
import pytest
from docker import DockerClient

from ccci.errors import NodeFailure
from ccci.node.state import ProcessIdentity
from ccci.swarm.holdings import RUN_LABEL, STACK_LABEL
from ccci.teardown import removal, snapshots, sweep
from ccci.teardown.journal import Journal

pytestmark = pytest.mark.lab

COMPOSE = """
version: "3.8"
services:
  app:
    image: nginx:1.26.3
    command: ["sh", "-c", "trap '' TERM QUIT; while :; do sleep 1; done"]
    stop_grace_period: 1m
    volumes: ["content:/content", "/scratch"]
    configs: ["settings"]
    networks: ["internal"]
    deploy: {endpoint_mode: dnsrr}
  short:
    image: nginx:1.26.3
    command: ["sh", "-c", "sleep 0.5; exit 3"]
    volumes: ["content:/content", "/scratch"]
    networks: ["internal"]
    deploy: {endpoint_mode: dnsrr, restart_policy: {delay: 1s}}
volumes: {content: {}}
networks: {internal: {}}
configs: {settings: {file: ./settings}}
"""

OWNER = """
import os, sys
from ccci.teardown import reaper
from ccci.teardown.journal import Journal
from ccci.node.state import ProcessIdentity
me = ProcessIdentity.of(os.getpid())
run = Journal.open(sys.argv[1], "td", me)
reaper.start(run.run_id, me)
run.record("stack", sys.argv[2])
print(flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Node:
    """The node's Docker, and stacks on it."""

    client: DockerClient
    folder: Path

    @property
    def api(self) -> Any:
        return self.client.api

    def deploy(self, stack: str) -> None:
        """Deploy a stack with everything that a stack may have, and wait until it runs."""
        compose = self.folder / "compose.yml"
        compose.write_text(COMPOSE)
        (self.folder / "settings").write_text(stack)
        self.api.create_secret(f"{stack}_key_v1", b"x")  # Without labels, as abra makes them.
        subprocess.run(
            ["docker", "stack", "deploy", "-c", str(compose), stack],
            check=True,
            capture_output=True,
        )
        until(f"{stack} to run and to have died once", lambda: self._has_died(stack))

    def _has_died(self, stack: str) -> bool:
        states = [one["State"] for one in self.containers(stack)]
        return "exited" in states and "running" in states

    def containers(self, stack: str) -> list[Any]:
        found: list[Any] = self.api.containers(
            all=True, filters={"label": f"{STACK_LABEL}={stack}"}
        )
        return found

    def of(self, stack: str) -> list[str]:
        """Everything whose label or name says that it is of the stack, found another way than
        the teardown finds it."""
        words = ["--filter", f"label={STACK_LABEL}={stack}"]
        found = []
        for kind in ("service", "container", "secret", "config", "network", "volume"):
            name = "{{.Names}}" if kind == "container" else "{{.Name}}"
            every = ["--all"] if kind == "container" else []
            listing = ["docker", kind, "ls", *every, "--format", name]
            labelled = subprocess.check_output([*listing, *words], text=True).split()
            named = subprocess.check_output(listing, text=True).split()
            names = {*labelled, *(one for one in named if one.startswith(f"{stack}_"))}
            found += [f"{kind} {one}" for one in sorted(names)]
        return found

    def anonymous(self, stack: str) -> set[str]:
        return {
            mount["Name"]
            for container in self.containers(stack)
            for mount in container["Mounts"]
            if mount["Type"] == "volume" and len(mount["Name"]) == 64
        }

    def volumes(self) -> set[str]:
        return {raw["Name"] for raw in self.api.volumes()["Volumes"] or []}

    def remove(self, stack: str) -> None:
        """Remove a test's stack by hand."""
        run = Journal.open(f"cleaner-{secrets.token_hex(4)}", "td", me())
        run.record("stack", stack)
        run.closed("passed", removal.tear_down(run, self.client))
        assert run.left() == []


def me() -> ProcessIdentity:
    return ProcessIdentity.of(os.getpid())


def until(what: str, condition: Callable[[], bool], within_seconds: float = 60) -> None:
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within_seconds} s"
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    connected = docker.from_env()
    yield connected
    connected.close()


@pytest.fixture
def node(client: DockerClient, tmp_path: Path) -> Node:
    return Node(client, tmp_path)


@pytest.fixture
def stack(node: Node) -> Iterator[str]:
    name = f"td{secrets.token_hex(3)}-pr0-1234567_lab_test"
    yield name
    node.remove(name)


def test_nothing_is_left_and_the_neighbours_stand(node: Node, stack: str) -> None:
    longer, before = f"{stack}_2", f"a{stack}"
    made = {
        "volume": f"{longer}_data",
        "bare volume": f"{before}_data",
        "no underscore": f"{stack}x",
    }
    try:
        # A neighbour whose name begins with ours, known by a service only, its volume unlabelled.
        cast(Any, node.client.services).create(
            "nginx:1.26.3",
            name=f"{longer}_app",
            labels={STACK_LABEL: longer},
            container_labels={STACK_LABEL: longer},
            command=["sleep", "600"],
        )
        for name in made.values():
            node.client.volumes.create(name)
        node.api.create_secret(f"{longer}_key_v1", b"x")
        run = Journal.open("r1", "td", me())
        run.record("stack", stack)
        for name in ("abra", "store"):
            (run.folder / name).mkdir()
        env = node.folder / "app.env"
        env.write_text("TYPE=td")
        run.record("env", str(env))
        extra = node.client.networks.create(f"extra-{stack}", labels={RUN_LABEL: "r1"})
        node.deploy(stack)
        anonymous = node.anonymous(stack)
        assert anonymous
        assert len(node.of(stack)) > 7
        removed: list[str] = []

        begun = time.monotonic()
        left = removal.tear_down(run, node.client, on_removed=removed.append)
        seconds = time.monotonic() - begun

        assert left == []
        assert [one for one in node.of(stack) if f"{longer}_" not in one] == []
        assert not anonymous & node.volumes()
        assert removal.leftovers(run, node.client) == []
        assert f"network {extra.name}" in removed
        assert f"secret {stack}_key_v1" in removed
        assert sorted(path.name for path in run.folder.iterdir()) == [
            "journal.jsonl",
            "teardown.lock",
        ]
        assert not env.exists()
        # Its tasks' deaths were not waited for: they ignore the signal for a minute.
        assert seconds < 60
        assert set(made.values()) <= node.volumes()
        assert {f"service {longer}_app", f"secret {longer}_key_v1"} <= set(node.of(longer))
        assert removal.tear_down(run, node.client) == []
    finally:
        node.remove(longer)
        node.remove(before)
        node.client.volumes.get(f"{stack}x").remove()


def test_two_tear_the_same_run_down_at_once(node: Node, stack: str) -> None:
    run = Journal.open("r1", "td", me())
    run.record("stack", stack)
    node.deploy(stack)
    results: list[list[str]] = []

    def work() -> None:
        results.append(removal.tear_down(run, docker.from_env()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [[], []]
    assert node.of(stack) == []


def test_what_cannot_be_removed_is_named_and_the_sweep_tries_again(node: Node, stack: str) -> None:
    me_ = me()
    gone = ProcessIdentity(me_.pid, me_.start_ticks + 1, me_.boot_id)
    run = Journal.open("r1", "td", gone)
    run.record("stack", stack)
    node.deploy(stack)
    holder = node.client.containers.run(
        "nginx:1.26.3", ["sleep", "600"], detach=True, volumes=[f"{stack}_content:/held"]
    )
    try:
        run.closed("failed", removal.tear_down(run, node.client, deadline_seconds=30))
        (left,) = run.left()
        assert left.startswith(f"volume {stack}_content (remove {stack}_content: volume is in use")
        assert node.of(stack) == [f"volume {stack}_content"]
        assert holder.id in [each.id for each in node.client.containers.list()]
    finally:
        holder.remove(force=True)
    told: list[str] = []
    swept = sweep.sweep(node.client, report=told.append)
    assert swept.torn_down == ("r1",)
    assert swept.left == ()
    assert run.is_clean()
    assert run.verdict() == "failed"
    assert node.of(stack) == []
    assert any("Run r1 (td) was torn down" in line for line in told)


def test_the_reaper_tears_a_killed_run_down(node: Node, stack: str) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, "r1", stack], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdout
    owner.stdout.readline()
    node.deploy(stack)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    run = Journal.load("r1")
    until("the reaper to finish", run.is_closed)
    assert run.left() == []
    assert node.of(stack) == []


def test_what_no_journal_knows_is_listed_and_not_touched(node: Node, stack: str) -> None:
    try:
        node.client.volumes.create(f"{stack}_content")
        swept = sweep.sweep(node.client, report=lambda line: None)
        assert f"volume {stack}_content" in swept.unknown
        assert f"{stack}_content" in node.volumes()
    finally:
        node.client.volumes.get(f"{stack}_content").remove()


def test_the_run_s_snapshots_are_forgotten_and_no_others(node: Node, stack: str) -> None:
    (bot, *_) = snapshots.bots(node.client)
    neighbour = f"{stack}_2"
    for host in (stack, stack, neighbour):
        _restic(bot, "backup", "--host", host, "/etc/hostname")
    run = Journal.open("r1", "td", me())
    run.record("stack", stack)
    run.record("snapshot", stack)
    assert len(snapshots.snapshots_of(bot, [stack])) == 2
    packs = ["sh", "-c", 'find "$RESTIC_REPOSITORY/data" -type f | sort']
    data = bot.exec_run(packs).output
    # A backup that the death of its abra has not ended.
    node.api.exec_start(
        node.api.exec_create(bot.id, ["sleep", "600"], environment={"SERVICE": stack}), detach=True
    )
    removed: list[str] = []
    try:
        assert removal.tear_down(run, node.client, on_removed=removed.append) == []
        assert snapshots.snapshots_of(bot, [stack]) == []
        assert len(snapshots.snapshots_of(bot, [neighbour])) == 1
        assert "sleep running in the backup bot" in removed
        assert len([name for name in removed if name.startswith("snapshot ")]) == 2
        there = set(bot.exec_run(packs).output.split())
        assert data and set(data.split()) <= there, "whoever owns the repository prunes it"
    finally:
        _restic(bot, "forget", *snapshots.snapshots_of(bot, [neighbour]))


def _restic(bot: Any, *words: str) -> None:
    """Run restic in the bot; another run may have locked its repository for a moment."""
    said = b""

    def has_run() -> bool:
        nonlocal said
        code, said = bot.exec_run(["restic", *words])
        assert code == 0 or b"already locked" in said, said
        return bool(code == 0)

    until(f"restic {words[0]} to be let in", has_run)


def test_nothing_is_run_in_a_bot_whose_programs_were_replaced(node: Node) -> None:
    (bot, *_) = snapshots.bots(node.client)
    assert snapshots.replaced_programs(bot) == []
    image = bot.attrs["Image"]
    other = node.client.containers.run(
        image, ["infinity"], entrypoint="sleep", detach=True, network_mode="none"
    )
    try:
        write = "echo 'touch /tmp/was-run' > /usr/bin/restic"
        assert other.exec_run(["sh", "-c", write]).exit_code == 0
        with pytest.raises(NodeFailure, match="of its image, the first /usr/bin/restic"):
            snapshots.snapshots_of(other, ["shop"])
        assert other.exec_run(["ls", "/tmp/was-run"]).exit_code != 0
    finally:
        other.remove(force=True, v=True)
