"""The Swarm and the network `proxy`: used as they are, else made on loopback."""

import docker
from docker.errors import APIError
from docker.models.networks import Network

from lab.errors import LabError
from lab.made import LABEL, Made
from lab.reporting import Step
from lab.waiting import until

NETWORK = "proxy"
BRIDGE = "docker_gwbridge"
ADDRESS = "127.0.0.1"
GATEWAY_SECONDS = 30.0


def ensure(client: docker.DockerClient, made: Made, step: Step) -> None:
    """Have a Swarm whose manager is this node.

    Raises:
        LabError: the node is a worker, or its Swarm is in no usable state.
    """
    swarm = client.info()["Swarm"]
    state = swarm["LocalNodeState"]
    if state == "inactive":
        if find_network(client, BRIDGE) is None:
            made.record("bridge", BRIDGE)
        made.record("swarm", "swarm")
        # Loopback on both sides: a laboratory has no business on the network.
        client.swarm.init(advertise_addr=ADDRESS, listen_addr=f"{ADDRESS}:2377")
        step.result = "initialised on loopback"
    elif state != "active":
        error = swarm.get("Error") or "no reason given"
        raise LabError(f"this node's swarm is {state} ({error}): mend it with `docker swarm`")
    elif not swarm["ControlAvailable"]:
        raise LabError(
            "this node is a worker of a swarm, and the lab needs a manager: run it on one, or "
            "take the node out with `docker swarm leave`"
        )
    else:
        step.result = "there already"
    thing = made.find("swarm", "swarm")
    if thing is not None and not thing.detail:
        made.record("swarm", "swarm", id=cluster_id(client))


def cluster_id(client: docker.DockerClient) -> str:
    """The Swarm's own id: tells the one the lab made from a later one."""
    return str(client.info()["Swarm"]["Cluster"]["ID"])


def ensure_network(client: docker.DockerClient, made: Made, step: Step) -> None:
    """Have the overlay network that Traefik and every app share.

    Raises:
        LabError: a network of that name is no overlay.
    """
    there = find_network(client, NETWORK)
    if there is not None:
        driver = there.attrs["Driver"]
        if driver != "overlay":
            raise LabError(
                f"the network {NETWORK} is a {driver} network, and Co-op Cloud needs an overlay: "
                f"remove it with `docker network rm {NETWORK}` if it is not needed"
            )
        step.result = "there already"
        return
    made.record("network", NETWORK)
    client.networks.create(NETWORK, driver="overlay", labels={LABEL: "1"})
    step.result = "made"


def find_network(client: docker.DockerClient, name: str) -> Network | None:
    """The network of exactly that name: Docker's own filter takes any name that contains it."""
    found = client.networks.list(names=[name])
    return next((network for network in found if network.name == name), None)


def gateway_address(client: docker.DockerClient) -> str:
    """Where a container of any overlay network reaches this node.

    Raises:
        LabError: the gateway network is missing or has no address.
    """
    # A swarm makes it a moment after its initialisation.
    until(
        lambda: bool(_gateways(client)),
        within_seconds=GATEWAY_SECONDS,
        failure=lambda: f"the network {BRIDGE} has no gateway address: is the swarm in order?",
    )
    return _gateways(client)[0]


def _gateways(client: docker.DockerClient) -> list[str]:
    network = find_network(client, BRIDGE)
    configs = network.attrs["IPAM"]["Config"] or () if network is not None else ()
    return [str(config["Gateway"]) for config in configs if config.get("Gateway")]


def leave(client: docker.DockerClient, made: Made) -> None:
    """Leave the Swarm that the lab initialised; any other stays."""
    thing = made.find("swarm", "swarm")
    if thing is None:
        return
    active = client.info()["Swarm"]["LocalNodeState"] != "inactive"
    if active and thing.detail.get("id", cluster_id(client)) == cluster_id(client):
        client.swarm.leave(force=True)
    made.forget("swarm", "swarm")


def remove_bridge(client: docker.DockerClient, made: Made) -> None:
    """Remove the gateway network that came with the lab's Swarm, unless something still uses it."""
    network = find_network(client, BRIDGE)
    if network is not None:
        try:
            network.remove()
        except APIError as error:
            raise LabError(
                f"the network {BRIDGE} could not be removed: {error.explanation}"
            ) from error
    made.forget("bridge", BRIDGE)


def strangers(client: docker.DockerClient) -> list[str]:
    """What is in this Swarm besides what the lab has taken away already, in words."""
    found = [f"service {one.name}" for one in client.services.list()]
    found += [f"secret {one.name}" for one in client.secrets.list()]
    found += [f"config {one.name}" for one in client.configs.list()]
    for network in client.networks.list(filters={"scope": "swarm"}):
        if not network.attrs.get("Ingress"):
            found.append(f"network {network.name}")
    return sorted(found)
