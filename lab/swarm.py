"""Sets up the Swarm and the network `proxy`, unless they exist already."""

import docker
from docker.errors import APIError
from docker.models.networks import Network

from lab.errors import LabError
from lab.inventory import LABEL, Inventory
from lab.reporting import Step
from lab.waiting import until

NETWORK = "proxy"
BRIDGE = "docker_gwbridge"
ADDRESS = "127.0.0.1"
GATEWAY_SECONDS = 30.0


def ensure(client: docker.DockerClient, inventory: Inventory, step: Step) -> None:
    """Make this node a manager of a Swarm, if it is not yet.

    Raises:
        LabError: this node is a worker, or its Swarm is not working.
    """
    swarm = client.info()["Swarm"]
    state = swarm["LocalNodeState"]
    if state == "inactive":
        if find_network(client, BRIDGE) is None:
            inventory.record("bridge", BRIDGE)
        inventory.record("swarm", "swarm")
        # On loopback, so that the Swarm cannot be reached from the network.
        client.swarm.init(advertise_addr=ADDRESS, listen_addr=f"{ADDRESS}:2377")
        step.result = "initialised on loopback"
    elif state != "active":
        error = swarm.get("Error") or "no reason given"
        raise LabError(f"this node's swarm is {state} ({error}): repair it with `docker swarm`")
    elif not swarm["ControlAvailable"]:
        raise LabError(
            "this node is a worker of a swarm, and the lab needs a manager: use a manager, or "
            "remove the node from the swarm with `docker swarm leave`"
        )
    else:
        step.result = "already exists"
    resource = inventory.find("swarm", "swarm")
    if resource is not None and not resource.detail:
        inventory.record("swarm", "swarm", id=cluster_id(client))


def cluster_id(client: docker.DockerClient) -> str:
    """Return the id of the Swarm. A Swarm that is initialised later has another id."""
    return str(client.info()["Swarm"]["Cluster"]["ID"])


def ensure_network(client: docker.DockerClient, inventory: Inventory, step: Step) -> None:
    """Create the overlay network that Traefik and all apps share, if it is missing.

    Raises:
        LabError: there is a network with this name that is not an overlay network.
    """
    network = find_network(client, NETWORK)
    if network is not None:
        driver = network.attrs["Driver"]
        if driver != "overlay":
            raise LabError(
                f"the network {NETWORK} is a {driver} network, and Co-op Cloud needs an overlay "
                f"network: if it is not needed, remove it with `docker network rm {NETWORK}`"
            )
        step.result = "already exists"
        return
    inventory.record("network", NETWORK)
    client.networks.create(NETWORK, driver="overlay", labels={LABEL: "1"})
    step.result = "created"


def find_network(client: docker.DockerClient, name: str) -> Network | None:
    """Return the network with this name. Docker's filter also finds names that contain it."""
    found = client.networks.list(names=[name])
    return next((network for network in found if network.name == name), None)


def gateway_address(client: docker.DockerClient) -> str:
    """Return the address at which containers of overlay networks reach this node.

    Raises:
        LabError: the gateway network is missing, or has no address.
    """
    # Docker creates it a moment after the swarm is initialised.
    until(
        lambda: bool(_gateways(client)),
        within_seconds=GATEWAY_SECONDS,
        failure=lambda: (
            f"the network {BRIDGE} has no gateway address after {GATEWAY_SECONDS:.0f} s: see "
            f"`docker network inspect {BRIDGE}` and `docker info`"
        ),
    )
    return _gateways(client)[0]


def _gateways(client: docker.DockerClient) -> list[str]:
    network = find_network(client, BRIDGE)
    configs = network.attrs["IPAM"]["Config"] or () if network is not None else ()
    return [str(config["Gateway"]) for config in configs if config.get("Gateway")]


def leave(client: docker.DockerClient, inventory: Inventory) -> None:
    """Leave the Swarm if the lab initialised it."""
    resource = inventory.find("swarm", "swarm")
    if resource is None:
        return
    active = client.info()["Swarm"]["LocalNodeState"] != "inactive"
    if active and resource.detail.get("id", cluster_id(client)) == cluster_id(client):
        client.swarm.leave(force=True)
    inventory.forget("swarm", "swarm")


def remove_bridge(client: docker.DockerClient, inventory: Inventory) -> None:
    """Remove the gateway network that Docker created for the lab's Swarm."""
    network = find_network(client, BRIDGE)
    if network is not None:
        try:
            network.remove()
        except APIError as error:
            raise LabError(
                f"the network {BRIDGE} could not be removed: {error.explanation}"
            ) from error
    inventory.forget("bridge", BRIDGE)


def remaining_objects(client: docker.DockerClient) -> list[str]:
    """Return what is in this Swarm: after the lab's own objects are removed, only foreign ones."""
    found = [f"service {one.name}" for one in client.services.list()]
    found += [f"secret {one.name}" for one in client.secrets.list()]
    found += [f"config {one.name}" for one in client.configs.list()]
    for network in client.networks.list(filters={"scope": "swarm"}):
        if not network.attrs.get("Ingress"):
            found.append(f"network {network.name}")
    return sorted(found)
