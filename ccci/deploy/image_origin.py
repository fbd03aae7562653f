"""Which images an app really ran, and where each of them came from, as far as the node can tell.

An image under an official name need not be the official one: anybody can build one. What nothing
tells of *was there*.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from docker.errors import ImageNotFound

from ccci.recipe.image_names import familiar
from ccci.results.store import ImageOrigin, UsedImage

# What the lab writes on every image that it builds: a hash of what it is built from.
LAB_LABEL = "ccci.lab.content"
_SERVICE_NAME = "com.docker.swarm.service.name"
_CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]


def images_of(
    client: Any,
    stack: str,
    named: Mapping[str, str],
    containers: Iterable[Any],
    pulled: Collection[str],
) -> list[UsedImage]:
    """Return the images that the services of a deployed app run.

    Args:
        client: the Docker daemon.
        stack: the app's stack.
        named: service to image, as the compose files name them.
        containers: the stack's containers on this node. Their images count, since the Swarm may
            have taken a newer one than the node had. A service without one has what its name says.
        pulled: the names that this run has pulled.
    """
    newest = {}
    for container in sorted(containers, key=lambda one: str(one.attrs["Created"])):
        newest[container.labels.get(_SERVICE_NAME)] = container
    # With containerd's image store, what was built here has a digest, too.
    digests_tell = _CONTAINERD_STORE not in (client.info().get("DriverStatus") or [])
    found = {}
    for service, name in sorted(named.items()):
        container = newest.get(f"{stack}_{service}")
        image = client.images.get(container.attrs["Image"] if container else name)
        digests = image.attrs.get("RepoDigests") or [] if digests_tell else []
        if _is_of_the_lab(client, image):
            origin: ImageOrigin = "built by the lab"
        else:
            origin = _origin(name, digests, pulled)
        found[name, image.id] = UsedImage(name, image.id, origin)
    return list(found.values())


def with_version(
    known: Iterable[UsedImage], seen: Iterable[UsedImage], version: str
) -> list[UsedImage]:
    """Return the images that are known and those just seen, which this version of the app uses.

    Example:
        >>> nginx = UsedImage("nginx:1", "sha256:7c", "pulled")
        >>> with_version(with_version([], [nginx], "head"), [nginx], "1.0.0+1")[0].versions
        ['head', '1.0.0+1']
    """
    all_images = {(one.name, one.id): one for one in known}
    for image in seen:
        before = all_images.get((image.name, image.id), image)
        versions = [*before.versions, *({version} - set(before.versions))]
        all_images[image.name, image.id] = replace(before, versions=versions)
    return list(all_images.values())


def _is_of_the_lab(client: Any, image: Any) -> bool:
    """Return whether the lab built this very image, and not only what it stands on.

    An image that somebody builds on one of the lab's inherits its labels, and begins with its
    layers.
    """
    content = image.labels.get(LAB_LABEL)
    if not content:
        return False
    layers = image.attrs["RootFS"]["Layers"]
    for listed in client.api.images(filters={"label": f"{LAB_LABEL}={content}"}):
        # What another program builds at this moment may be gone again.
        with suppress(ImageNotFound):
            below = client.images.get(listed["Id"]).attrs["RootFS"]["Layers"]
            if len(below) < len(layers) and layers[: len(below)] == below:
                return False
    return True


def _origin(name: str, digests: Iterable[str], pulled: Collection[str]) -> ImageOrigin:
    # A digest of another repository says that it was pulled there, and given this name here.
    from_its_own = any(_repository(digest) == _repository(name) for digest in digests)
    return "pulled" if name in pulled or from_its_own else "was there"


def _repository(image: str) -> str:
    """Return the repository of an image reference.

    Example:
        >>> _repository("docker.io/library/nginx:1.29"), _repository("nginx@sha256:7c")
        ('nginx', 'nginx')
    """
    folder, slash, last = familiar(image).partition("@")[0].rpartition("/")
    return folder + slash + last.partition(":")[0]
