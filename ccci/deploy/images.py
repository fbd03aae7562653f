"""The images of an app: reads them from the compose files, and pulls those that are missing."""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, ImageNotFound, NotFound, NullResource

from ccci.errors import NodeFailure, RecipeFailure
from ccci.recipe.compose import fill_in, images_in
from ccci.recipe.image_names import familiar

if TYPE_CHECKING:
    from docker import DockerClient


# What a registry says of a tag that it does not have, in the words of Docker and of containerd. A
# repository that is missing or private is told in one sentence: that says nothing certain.
_UNKNOWN = re.compile(r"manifest unknown|manifest for \S+ not found|[\w.-]+/\S+:\S+: not found$")


def is_unknown(message: str) -> bool:
    """Return whether an image was not pulled because its registry says that it does not exist.

    Example:
        >>> is_unknown("manifest for nginx:0.0 not found: manifest unknown: manifest unknown")
        True
        >>> is_unknown("dial tcp: lookup registry-1.docker.io: no such host")
        False
    """
    return _UNKNOWN.search(message.strip()) is not None


def named_images(compose_files: list[Path], settings: Mapping[str, str]) -> dict[str, str]:
    """Return service to image as the compose files name them, settings filled in.

    In the short form, in which Docker shows the images of services.

    Args:
        compose_files: the files of COMPOSE_FILE, in order.
        settings: the app's .env, and abra.sh's exports.
    """
    return {
        service: familiar(fill_in(image, settings))
        for service, image in images_in(compose_files).items()
    }


def pull_missing(
    client: "DockerClient", images: Iterable[str], tell: Callable[[str], None]
) -> list[str]:
    """Pull the images that are not on the node, and return their references.

    Args:
        client: the Docker daemon.
        images: their references.
        tell: called for each image that is pulled.

    Raises:
        RecipeFailure: one is no reference of an image, or the registry says that it does not exist.
        NodeFailure: one is not available for another reason.
    """
    pulled = []
    for image in sorted(set(images)):
        try:
            client.images.get(image)
            continue
        except ImageNotFound:
            tell(f"pulling {image}")
        except (APIError, NullResource) as error:
            if isinstance(error, APIError) and error.status_code != HTTPStatus.BAD_REQUEST:
                raise
            raise RecipeFailure(
                f"'{image}' is no name of an image, with the settings filled in. Correct it in the "
                "recipe's compose file, or set the variables that it names."
            ) from None
        try:
            client.images.pull(image)
            pulled.append(image)
        except (NotFound, APIError) as error:
            if is_unknown(str(error.explanation)):
                raise RecipeFailure(
                    f"Image {image} does not exist: its registry says so ({error.explanation}). "
                    "Correct the name or the tag in the recipe's compose file."
                ) from None
            raise NodeFailure(
                f"Image {image} is not available: it is not on this node, and the pull failed: "
                f"{error.explanation}. In the lab, 'make lab-status' tells more."
            ) from None
    return pulled
