"""An undeployment of which Docker refused a part: what is left tells, not abra's exit code."""

import secrets
import subprocess
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.deploy.undeploy import undeploy
from ccci.errors import NodeFailure
from ccci.swarm.view import SwarmView
from ccci.waiting import Look, wait_for
from tests.lab.stack_removal import remove_stacks

pytestmark = pytest.mark.lab

COMPOSE = """
version: "3.8"
services:
  app:
    image: nginx:1.26.3
    command: sleep 600
    stop_grace_period: 1s
"""


class Site:
    """A stack that runs, and a service of somebody else that holds its network."""

    def __init__(self) -> None:
        mark = secrets.token_hex(3)
        self.stack, self.holder = f"undeploy-{mark}", f"holder-{mark}"
        self.swarm = SwarmView()

    def undeploy(self, *steps: Callable[[], None], within_seconds: float = 60) -> None:
        """Undeploy with an abra that takes these steps, and fails."""

        def failing() -> None:
            for step in steps:
                step()
            raise NodeFailure("failed to remove some resources from stack")

        commands = cast(Any, SimpleNamespace(undeploy=failing))
        undeploy(commands, self.swarm, self.stack, within_seconds)

    def remove(self) -> None:
        """What abra does; Docker keeps the network for the service that holds it."""
        done = subprocess.run(
            ["docker", "stack", "rm", self.stack], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "is in use by service" in done.stderr

    def wait_stopped(self) -> None:
        """Wait until nothing of the stack runs."""
        wait_for("no container", lambda: Look(not self.swarm.containers(self.stack), "there"), 60)

    def let_go(self) -> None:
        """Remove the service that holds the network."""
        subprocess.run(["docker", "service", "rm", self.holder], check=True, capture_output=True)

    def networks(self) -> list[str]:
        """The stack's networks."""
        found = self.swarm.client.networks.list(names=[f"{self.stack}_default"])
        return [str(network.name) for network in found]


@pytest.fixture
def site() -> Iterator[Site]:
    """A stack whose network another service holds."""
    site = Site()
    try:
        subprocess.run(
            ["docker", "stack", "deploy", "-c", "-", site.stack],
            input=COMPOSE, text=True, check=True, capture_output=True,
        )  # fmt: skip
        create = ["docker", "service", "create", "--detach", "--stop-grace-period=1s"]
        subprocess.run(
            [*create, f"--name={site.holder}", f"--network={site.stack}_default", "nginx:1.26.3"],
            check=True, capture_output=True,
        )  # fmt: skip
        wait_for(
            f"a container of {site.stack}",
            lambda: Look(bool(site.swarm.containers(site.stack)), "none"),
            60,
        )
        yield site
    finally:
        subprocess.run(["docker", "service", "rm", site.holder], capture_output=True, check=False)
        remove_stacks(site.stack)


def test_a_network_that_docker_kept_for_a_moment_is_removed(site: Site) -> None:
    site.undeploy(site.remove, site.let_go)
    assert site.networks() == []
    assert site.swarm.containers(site.stack) == []


def test_a_network_that_stays_in_use_is_named(site: Site) -> None:
    with pytest.raises(NodeFailure, match=rf"last seen: network {site.stack}_default \(waited"):
        site.undeploy(site.remove, site.wait_stopped, within_seconds=2)


def test_a_service_that_abra_left_is_its_failure(site: Site) -> None:
    with pytest.raises(NodeFailure, match=r"^failed to remove some resources"):
        site.undeploy()


def test_an_app_that_was_not_deployed_is_no_success(site: Site) -> None:
    site.let_go()
    remove_stacks(site.stack)
    with pytest.raises(NodeFailure, match=r"^failed to remove some resources"):
        site.undeploy()
