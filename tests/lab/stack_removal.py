"""Removes the tests' own stacks."""

import subprocess
from functools import partial

from docker.errors import APIError, NotFound

from ccci.deploy.undeploy import wait_gone
from ccci.swarm.view import NAMESPACE, SwarmView
from ccci.waiting import Look, wait_for

_GONE_SECONDS = 60


def remove_stacks(*stacks: str) -> None:
    """Remove stacks, and wait until nothing of them is left; secrets without their label stay.

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
        wait_for(f"no volume of {stack}", partial(_remove_volumes, swarm, stack), _GONE_SECONDS)


def _remove_volumes(swarm: SwarmView, stack: str) -> Look:
    """Try once: Docker frees a volume a moment after it has dropped its container."""
    left = []
    for volume in swarm.client.volumes.list(filters={"label": f"{NAMESPACE}={stack}"}):
        try:
            volume.remove()
        except NotFound:
            continue
        except APIError as error:
            left.append(str(error.explanation))
    return Look(not left, ", ".join(left))


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
