"""The witness on a real Swarm: it sees what was done to others, and is not upset by other runs.

Other people may use the node meanwhile, so only what is said of this test's own things counts.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker import DockerClient

from ccci.apps import stack_name
from ccci.errors import NodeFailure
from ccci.node.state import ProcessIdentity
from ccci.swarm.holdings import STACK_LABEL
from ccci.teardown.journal import Journal
from ccci.teardown.removal import tear_down
from ccci.teardown.witness import Witness

pytestmark = pytest.mark.lab

IMAGE = "nginx:1.26.3"


def until(what: str, condition: Callable[[], bool], within_seconds: float = 60) -> None:
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within_seconds} s"
        time.sleep(0.1)


class Shop:
    """A foreign app with a volume, an anonymous one and a secret; its domain has the mark in it."""

    def __init__(self, client: DockerClient, mark: str) -> None:
        self.client, self.mark = client, mark
        self.domain = f"shop{mark}.lab.test"
        self.stack = stack_name(self.domain)
        self.service = deploy(client, self.stack)
        until("the shop to run", self.has_its_file)

    def containers(self) -> list[Any]:
        labels: dict[str, str | list[str] | bool] = {"label": f"{STACK_LABEL}={self.stack}"}
        return self.client.containers.list(filters=labels)

    def has_its_file(self) -> bool:
        """Tell whether the app runs and has written its file."""
        return any(
            container.exec_run(["cat", "/data/file"]).exit_code == 0
            for container in self.containers()
        )

    def said(self, witness: Witness) -> str:
        """What the witness says of things that have the mark in their name, or of the sentinel."""
        return "\n".join(
            line
            for line in witness.differences()
            if self.mark in line or line.startswith("Sentinel")
        )


def deploy(client: DockerClient, stack: str) -> Any:
    """Create a service with a volume, an anonymous volume and a secret."""
    api: Any = client.api
    api.create_secret(f"{stack}_key_v1", b"x")
    services: Any = client.services
    return services.create(
        IMAGE,
        name=f"{stack}_app",
        labels={STACK_LABEL: stack},
        container_labels={STACK_LABEL: stack},
        command=["sh", "-c", "echo hello > /data/file; exec sleep 600"],
        mounts=[f"{stack}_data:/data", docker.types.Mount("/scratch", None)],
        stop_grace_period=0,
    )


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def client() -> Iterator[DockerClient]:
    connected = docker.from_env()
    yield connected
    connected.close()


@pytest.fixture
def shop(client: DockerClient) -> Iterator[Shop]:
    mark = secrets.token_hex(4)
    yield Shop(client, mark)
    me = ProcessIdentity.of(os.getpid())
    cleaner = Journal.open(f"cleaner-{mark}", "shop", me)
    cleaner.record("stack", f"shop{mark}_lab_test")
    assert tear_down(cleaner, client) == []


def test_other_runs_come_and_go(client: DockerClient, shop: Shop) -> None:
    me = ProcessIdentity.of(os.getpid())
    before = Witness.before(client, shop.domain)
    run = Journal.open("r1", "n8n", me)
    stack = f"n8n{shop.mark}-pr0-1234567_lab_test"
    run.record("stack", stack)
    deploy(client, stack)
    meanwhile = Witness.before(client, shop.domain)
    assert shop.said(before) == ""
    label: dict[str, str | list[str] | bool] = {"label": f"{STACK_LABEL}={stack}"}
    until("the other run's container", lambda: bool(client.containers.list(filters=label)))
    assert shop.said(before) == ""
    assert shop.said(meanwhile) == ""
    anonymous = {name for name in volumes(client) if len(name) == 64}
    run.closed("passed", tear_down(run, client))
    assert run.is_clean()
    assert shop.said(before) == ""
    assert shop.said(meanwhile) == ""
    gone = anonymous - volumes(client)
    assert gone
    assert not [line for line in meanwhile.differences() for name in gone if name in line]


def test_what_was_done_to_others_is_seen(client: DockerClient, shop: Shop) -> None:
    bystander = client.volumes.create(f"bystander{shop.mark}")
    network = client.networks.create(f"bystander{shop.mark}-net")
    witness = Witness.before(client)
    api: Any = client.api
    network.remove()
    bystander.remove()
    secret = api.create_secret(f"left{shop.mark}-pr0-1234567_lab_test_key_v1", b"x")
    shop.service.update(labels={STACK_LABEL: shop.stack, "changed": "yes"})
    try:
        left = f"secret left{shop.mark}-pr0-1234567_lab_test_key_v1"
        assert f"{left} has appeared and belongs to no run." in shop.said(witness)
        assert f"network bystander{shop.mark}-net is gone." in shop.said(witness)
        assert f"service {shop.stack}_app was version" in shop.said(witness)
        assert f"volume bystander{shop.mark} is gone." in shop.said(witness)
    finally:
        api.remove_secret(secret["ID"])


def test_what_others_write_into_their_volumes_is_theirs(client: DockerClient, shop: Shop) -> None:
    witness = Witness.before(client)
    for container in shop.containers():
        assert container.exec_run(["mkdir", "/data/more"]).exit_code == 0
    assert shop.said(witness) == ""


def test_a_volume_that_was_made_anew_is_another_one(client: DockerClient, shop: Shop) -> None:
    name = f"bystander{shop.mark}"
    client.volumes.create(name)
    witness = Witness.before(client)
    client.volumes.get(name).remove()
    client.volumes.create(name)
    try:
        assert f"volume {name} was made at" in shop.said(witness)
    finally:
        client.volumes.get(name).remove()


def test_the_sentinel_is_watched_from_the_inside(client: DockerClient, shop: Shop) -> None:
    (container,) = shop.containers()
    witness = Witness.before(client, shop.domain)
    container.exec_run(["cat", "/data/file"])
    assert shop.said(witness) == ""
    container.exec_run(["sh", "-c", "echo changed > /data/file"])
    assert f"Sentinel: volume {shop.stack}_data was content " in shop.said(witness)
    witness = Witness.before(client, shop.domain)
    container.kill()
    until("its next task", lambda: bool(shop.containers()))
    said = shop.said(witness)
    assert f"service {shop.stack}_app lost task " in said
    assert f"Sentinel: container {container.name} was running since" in said


def test_a_sentinel_that_does_not_run_is_told(client: DockerClient) -> None:
    with pytest.raises(NodeFailure, match=r"The sentinel nobody\.lab\.test has no running"):
        Witness.before(client, "nobody.lab.test")


def volumes(client: DockerClient) -> set[str]:
    return {str(volume.name) for volume in client.volumes.list()}
