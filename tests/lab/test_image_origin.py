"""On a real Docker, the lab's own images are told from those that somebody builds on them."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ccci.deploy.image_origin import LAB_LABEL, images_of

pytestmark = [pytest.mark.lab, pytest.mark.side_by_side]


@pytest.fixture
def client() -> docker.DockerClient:
    return docker.from_env()


@pytest.fixture
def official_name(client: docker.DockerClient, tmp_path: Path) -> Iterator[str]:
    """Build an image on one of the lab's, under the name of an app that the lab does not know."""
    (tmp_path / "app").write_text(uuid.uuid4().hex)
    base = a_lab_image(client)
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nCOPY app /app\n")
    name = f"shop/app:{uuid.uuid4().hex[:8]}"
    client.images.build(path=str(tmp_path), tag=name, rm=True)
    yield name
    client.images.remove(name)


def a_lab_image(client: docker.DockerClient) -> str:
    found = client.images.list(filters={"label": LAB_LABEL, "dangling": False})
    return str(min(tag for image in found for tag in image.tags if tag.startswith("ccci-lab/")))


def origin(client: docker.DockerClient, name: str) -> str:
    return images_of(client, "shop", {"app": name}, [], ())[0].origin


def test_only_what_the_lab_built_is_the_labs(
    client: docker.DockerClient, official_name: str
) -> None:
    assert LAB_LABEL in client.images.get(official_name).labels, "it inherits the label"
    assert origin(client, official_name) == "was there"
    assert origin(client, a_lab_image(client)) == "built by the lab"


def test_an_image_without_any_sign_was_there(client: docker.DockerClient) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("app"))
    repository = f"shop/{uuid.uuid4().hex[:8]}"
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag="1")
    try:
        assert origin(client, f"{repository}:1") == "was there"
    finally:
        client.images.remove(f"{repository}:1")
