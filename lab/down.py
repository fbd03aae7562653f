"""`lab down`: takes away what the record says the lab made, and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from lab import docker_engine, stacks, swarm
from lab.errors import LabError
from lab.made import LABEL, Made, Thing, plan_of_removal
from lab.reporting import Step, step
from lab.settings import Settings

NEEDS_NO_DOCKER = ("path", "daemon")


def down(settings: Settings, made: Made, *, keep_images: bool) -> bool:
    """Undo `up`.

    Args:
        settings: of this call.
        made: the record; every removed thing is struck out.
        keep_images: leave the images that the lab pulled or built.

    Returns: whether all of it is gone; False when something else still needs a part of it.

    Raises:
        LabError: something could not be removed; the record keeps it for the next call.
    """
    plan = plan_of_removal(made.things, keep_images=keep_images)
    if not plan:
        with step("nothing to undo"):
            pass
        return True
    client = None
    if any(thing.kind not in NEEDS_NO_DOCKER for thing in plan):
        with step("docker") as this:
            client = docker_engine.ensure(settings, made, this)
    for thing in plan:
        with step(f"remove {thing.kind} {thing.name}") as this:
            kept = _remove(thing, client, settings, made, this)
            this.result = f"kept: {kept}" if kept else "gone"
    if made.things and not keep_images:
        return False
    if not made.things:
        made.path.unlink(missing_ok=True)
        (settings.lab / "images-missing.json").unlink(missing_ok=True)
    return True


def _remove(
    thing: Thing, client: docker.DockerClient | None, settings: Settings, made: Made, this: Step
) -> str:
    """Remove one thing and strike it out; returns why it is kept, if it is."""
    if thing.kind == "path":
        _remove_path(settings.lab / thing.name)
    elif thing.kind == "daemon":
        if client is not None and (running := client.containers.list(ignore_removed=True)):
            return f"containers that the lab did not make are running ({running[0].name})"
        docker_engine.stop(made)
    else:
        assert client is not None
        if kept := REMOVALS[thing.kind](client, thing, made):
            return kept
    made.forget(thing.kind, thing.name)
    return ""


def _remove_path(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_app(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    stacks.remove(client, stacks.stack_name(thing.name))
    return ""


def _remove_secret(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    for secret in client.secrets.list(filters={"name": thing.name}):
        if secret.name == thing.name:
            secret.remove()
    return ""


def _remove_network(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    network = swarm.find_network(client, thing.name)
    # The record is written before the thing: a stranger may have come in between.
    if network is None or LABEL not in (network.attrs.get("Labels") or {}):
        return ""
    try:
        network.remove()
    except NotFound:
        return ""
    except APIError as error:
        return f"something else uses it ({error.explanation})"
    return ""


def _leave_swarm(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    if others := swarm.strangers(client):
        return f"it holds what the lab did not make ({', '.join(others[:3])})"
    swarm.leave(client, made)
    return ""


def _remove_bridge(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    if made.find("swarm", "swarm") is not None:
        return "the swarm needs it"
    swarm.remove_bridge(client, made)
    return ""


def _remove_image(client: docker.DockerClient, thing: Thing, made: Made) -> str:
    try:
        image = client.images.get(thing.name)
        if LABEL in image.labels or thing.detail.get("id") == image.id:
            client.images.remove(thing.name)
    except ImageNotFound:
        return ""
    except APIError as error:
        if error.status_code == 409:
            return f"something else uses it ({error.explanation})"
        raise LabError(f"the image {thing.name} cannot be removed: {error.explanation}") from error
    return ""


REMOVALS: dict[str, Callable[[docker.DockerClient, Thing, Made], str]] = {
    "app": _remove_app,
    "secret": _remove_secret,
    "network": _remove_network,
    "swarm": _leave_swarm,
    "bridge": _remove_bridge,
    "image": _remove_image,
}
