"""Removes the tests' own stacks."""

import subprocess

from ccci.deploy.undeploy import wait_gone
from ccci.swarm.view import NAMESPACE, SwarmView

_GONE_SECONDS = 60


def remove_stacks(*stacks: str) -> None:
    """Remove stacks, and wait until no service, container and network of them is left.

    Docker's command fails where the Swarm counts a task of a service that it removed a moment ago;
    what is left tells whether it did its work. Containers are killed, since stopping them would
    take several seconds each.
    """
    swarm = SwarmView()
    for stack in stacks:
        _docker("stack", "rm", stack)
        label = f"label={NAMESPACE}={stack}"
        listed = _docker("ps", "--all", "--quiet", "--filter", label)
        for container in listed.stdout.split():
            _docker("rm", "--force", "--volumes", container)
        wait_gone(swarm, stack, _GONE_SECONDS)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
