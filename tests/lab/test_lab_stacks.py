"""When a stack of the lab counts as up, on the real Swarm."""

import subprocess
from collections.abc import Iterator

import docker
import pytest

from lab import stacks
from lab.waiting import until

pytestmark = pytest.mark.lab
STACK = "ccci_test_replaced"
SECONDS = 60.0
# Ends three seconds after the signal, so that the test can see the state in between.
SLOW_TO_END = "trap 'sleep 3; exit 0' TERM; sleep 300 & wait"


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    connected = docker.from_env()
    yield connected
    for service in stacks.services(connected, STACK):
        connected.api.remove_service(str(service.id))  # type: ignore[no-untyped-call]
    connected.close()


def test_a_stack_is_not_up_while_an_old_container_is_ending(client: docker.DockerClient) -> None:
    settings = ["--label", f"{stacks.NAMESPACE}={STACK}", "--update-order", "start-first"]
    run = ["--entrypoint", "sh", "nginx:1.26.3", "-c", SLOW_TO_END]
    create = ["docker", "service", "create", "-qd", "--name", STACK, "--no-resolve-image"]
    subprocess.run([*create, *settings, *run], check=True)
    stacks.wait_ready(client, STACK, within_seconds=SECONDS)
    update = ["docker", "service", "update", "-qd", "--env-add", "AGAIN=1", STACK]
    subprocess.run(update, check=True)
    seen: set[str] = set()

    def up_again() -> bool:
        why = stacks.not_ready(client, STACK)
        if not why:
            return True
        seen.add(why)
        return False

    until(lambda: not up_again(), within_seconds=SECONDS, failure=lambda: "it was never updated")
    until(up_again, within_seconds=SECONDS, failure=lambda: f"not up again; seen {seen}")
    assert f"{STACK} has an old task that has not ended yet (running)" in seen
    running = client.containers.list(filters={"name": f"{STACK}."})
    assert len(running) == 1
