"""Takes an app off the Swarm, until nothing of it runs and no network of it is left."""

from contextlib import suppress

from docker.errors import APIError

from ccci.deploy.app_commands import AppCommands
from ccci.errors import NodeFailure
from ccci.swarm.holdings import Scope, list_objects
from ccci.swarm.view import SwarmView
from ccci.waiting import Look, TooLate, wait_for

_GONE_SECONDS = 120
_OF_A_DEPLOYMENT = {"service", "container", "network"}


def undeploy(
    commands: AppCommands, swarm: SwarmView, stack: str, within_seconds: float = _GONE_SECONDS
) -> None:
    """Undeploy an app through abra, and wait until no container and network of it is left.

    Docker removes a stack's networks last, and a deployment that comes too soon loses its own. It
    refuses to remove one while the Swarm still counts a task of a removed service. abra has failed
    then, as `docker stack rm` has, although all services are gone: the network is removed here as
    soon as Docker allows it.

    Args:
        commands: abra's commands of the app.
        swarm: asks Docker.
        stack: the name of the app's stack.
        within_seconds: how long its containers and networks may take to go.

    Raises:
        NodeFailure: abra failed and left a service, or something of the app stays; the sentence
            names it.
    """
    deployed = swarm.services(stack)
    try:
        commands.undeploy()
    except NodeFailure:
        if not deployed or swarm.services(stack):
            raise
    _wait_gone(swarm, stack, within_seconds)


def _wait_gone(swarm: SwarmView, stack: str, within_seconds: float) -> None:
    scope = Scope(frozenset({stack}))

    def look() -> Look:
        left = [one for one in list_objects(swarm.client, _OF_A_DEPLOYMENT) if scope.owns(one)]
        if {one.kind for one in left} == {"network"}:
            for network in left:
                # Still in use, or gone by itself: the next look tells.
                with suppress(APIError):
                    swarm.client.api.remove_network(network.id)
        return Look(not left, ", ".join(map(str, left)))

    try:
        wait_for(f"nothing of {stack} to run", look, within_seconds)
    except TooLate as late:
        raise NodeFailure(f"{late} See 'docker ps -a' and 'docker network ls'.") from None
