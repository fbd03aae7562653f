"""`lab down`: removes what the lab created, according to its inventory, and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from lab import docker_engine, stacks, swarm
from lab.errors import LabError
from lab.inventory import LABEL, Inventory, Resource, removal_plan
from lab.reporting import Step, step
from lab.settings import Settings

WITHOUT_DOCKER = ("path", "daemon")


def down(settings: Settings, inventory: Inventory, *, keep_images: bool) -> bool:
    """Remove what `up` created.

    Args:
        settings: the settings of this call.
        inventory: what the lab created; each resource is deleted from it when it is removed.
        keep_images: keep the images that the lab pulled or built.

    Returns: whether everything was removed; False if something else still uses a part of it.

    Raises:
        LabError: something could not be removed; it stays in the inventory for the next call.
    """
    plan = removal_plan(inventory.resources, keep_images=keep_images)
    if not plan:
        with step("nothing to remove"):
            pass
        return True
    client = None
    if any(resource.kind not in WITHOUT_DOCKER for resource in plan):
        with step("docker") as this:
            client = docker_engine.ensure(settings, inventory, this)
    for resource in plan:
        with step(f"remove {resource.kind} {resource.name}") as this:
            kept = _remove(resource, client, settings, inventory, this)
            this.result = f"kept: {kept}" if kept else "done"
    if inventory.resources and not keep_images:
        return False
    if not inventory.resources:
        inventory.path.unlink(missing_ok=True)
        (settings.lab / "images-missing.json").unlink(missing_ok=True)
    return True


def _remove(
    resource: Resource,
    client: docker.DockerClient | None,
    settings: Settings,
    inventory: Inventory,
    this: Step,
) -> str:
    """Remove one resource, also from the inventory; return why it is kept, or ""."""
    if resource.kind == "path":
        _remove_path(settings.lab / resource.name)
    elif resource.kind == "daemon":
        if client is not None and (running := client.containers.list(ignore_removed=True)):
            return f"containers that the lab did not create are running ({running[0].name})"
        docker_engine.stop(inventory)
    else:
        assert client is not None
        if kept := REMOVALS[resource.kind](client, resource, inventory):
            return kept
    inventory.forget(resource.kind, resource.name)
    return ""


def _remove_path(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_app(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    stacks.remove(client, stacks.stack_name(resource.name))
    return ""


def _remove_secret(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    for secret in client.secrets.list(filters={"name": resource.name}):
        if secret.name == resource.name:
            secret.remove()
    return ""


def _remove_network(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    network = swarm.find_network(client, resource.name)
    # It is recorded before it is created, so something else may have created it in between.
    if network is None or LABEL not in (network.attrs.get("Labels") or {}):
        return ""
    try:
        network.remove()
    except NotFound:
        return ""
    except APIError as error:
        return f"something else uses it ({error.explanation})"
    return ""


def _leave_swarm(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    if others := swarm.remaining_objects(client):
        return f"it has objects that the lab did not create ({', '.join(others[:3])})"
    swarm.leave(client, inventory)
    return ""


def _remove_bridge(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    if inventory.find("swarm", "swarm") is not None:
        return "the swarm uses it"
    swarm.remove_bridge(client, inventory)
    return ""


def _remove_image(client: docker.DockerClient, resource: Resource, inventory: Inventory) -> str:
    try:
        image = client.images.get(resource.name)
        if LABEL in image.labels or resource.detail.get("id") == image.id:
            client.images.remove(resource.name)
    except ImageNotFound:
        return ""
    except APIError as error:
        if error.status_code == 409:
            return f"something else uses it ({error.explanation})"
        raise LabError(
            f"the image {resource.name} could not be removed: {error.explanation}"
        ) from error
    return ""


REMOVALS: dict[str, Callable[[docker.DockerClient, Resource, Inventory], str]] = {
    "app": _remove_app,
    "secret": _remove_secret,
    "network": _remove_network,
    "swarm": _leave_swarm,
    "bridge": _remove_bridge,
    "image": _remove_image,
}
