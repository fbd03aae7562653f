"""Removes the tests' own stacks."""

import subprocess

import docker

from ccci.swarm.view import NAMESPACE
from lab import stacks as lab_stacks


def remove_stacks(*stacks: str) -> None:
    """Remove stacks, and wait until nothing of them is left; secrets without their label stay.

    Docker's command fails where the Swarm counts a task of a service that it removed a moment ago;
    the lab's own removal deals with what is left then. Containers are killed, since stopping them
    would take several seconds each.
    """
    client = docker.from_env()
    for stack in stacks:
        _docker("stack", "rm", stack)
        label = f"label={NAMESPACE}={stack}"
        listed = _docker("ps", "--all", "--quiet", "--filter", label)
        for container in listed.stdout.split():
            _docker("rm", "--force", "--volumes", container)
        lab_stacks.remove(client, stack)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
