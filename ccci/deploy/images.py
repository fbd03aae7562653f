"""The images of an app: reads them from the compose files, and pulls those that are missing."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, ImageNotFound, NotFound

from ccci.errors import NodeFailure
from ccci.recipe.compose import fill_in, images_in

if TYPE_CHECKING:
    from docker import DockerClient


def named_images(compose_files: list[Path], settings: Mapping[str, str]) -> dict[str, str]:
    """Return service to image as the compose files name them, settings filled in.

    Args:
        compose_files: the files of COMPOSE_FILE, in order.
        settings: the app's .env, and abra.sh's exports.
    """
    return {
        service: fill_in(image, settings) for service, image in images_in(compose_files).items()
    }


def pull_missing(
    client: "DockerClient", images: Iterable[str], tell: Callable[[str], None]
) -> None:
    """Pull the images that are not on the node.

    Args:
        client: the Docker daemon.
        images: their references.
        tell: called for each image that is pulled.

    Raises:
        NodeFailure: one is not available.
    """
    for image in sorted(set(images)):
        try:
            client.images.get(image)
            continue
        except ImageNotFound:
            tell(f"pulling {image}")
        try:
            client.images.pull(image)
        except (NotFound, APIError) as error:
            raise NodeFailure(
                f"Image {image} is not available: it is not on this node, and the pull failed: "
                f"{error.explanation}. In the lab, 'make lab-status' tells more."
            ) from None
