"""An image that does not exist is the recipe's fault; one that cannot be had is not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError, ImageNotFound, NullResource

from ccci.deploy.images import named_images, pull_missing
from ccci.errors import NodeFailure, RecipeFailure


def client(explanation: str) -> Any:
    def missing(_: str) -> None:
        raise ImageNotFound("not on this node")

    def refuse(_: str) -> None:
        raise APIError("500 Server Error", explanation=explanation)

    return SimpleNamespace(images=SimpleNamespace(get=missing, pull=refuse))


@pytest.mark.parametrize(
    "said",
    [
        "manifest for nginx:0.0.0 not found: manifest unknown: manifest unknown",
        "manifest unknown",
        "docker.io/library/nginx:0.0.0: not found",
        'failed to resolve reference "docker.io/shop/web:0": docker.io/shop/web:0: not found',
    ],
)
def test_a_tag_that_its_registry_does_not_have(said: str) -> None:
    with pytest.raises(RecipeFailure, match=r"nginx:0\.0\.0 does not exist: its registry says so"):
        pull_missing(client(said), ["nginx:0.0.0"], lambda _: None)


@pytest.mark.parametrize(
    "said",
    [
        'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
        'Get "https://registry-1.docker.io/v2/": net/http: request canceled (Client.Timeout)',
        "toomanyrequests: You have reached your pull rate limit.",
        "pull access denied for shop, repository does not exist or may require 'docker login'",
        "error parsing HTTP 404 response body: invalid character 'p': '404 page not found'",
        "write /var/lib/docker/tmp/x: no space left on device",
    ],
)
def test_a_registry_that_does_not_say_so(said: str) -> None:
    with pytest.raises(NodeFailure, match="is not available"):
        pull_missing(client(said), ["nginx:0.0.0"], lambda _: None)


def answer(status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    return response


def failing(error: Exception) -> Any:
    def get(_: str) -> None:
        raise error

    return SimpleNamespace(images=SimpleNamespace(get=get))


@pytest.mark.parametrize(
    "error",
    [
        APIError("400 Client Error", answer(400), "no such image: invalid reference format"),
        NullResource("Resource ID was not provided"),
    ],
)
def test_what_is_no_name_of_an_image_is_the_recipes_fault(error: Exception) -> None:
    with pytest.raises(RecipeFailure, match="'nginx:' is no name of an image"):
        pull_missing(failing(error), ["nginx:"], lambda _: None)


def test_another_error_of_docker_is_not() -> None:
    with pytest.raises(APIError):
        pull_missing(failing(APIError("500", answer(500))), ["nginx:1"], lambda _: None)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("docker.io/library/nginx:${TAG}", "nginx:1.29"),
        ("index.docker.io/gitea/gitea:${TAG}", "gitea/gitea:1.29"),
        (
            "registry.example/library/nginx:${TAG}@sha256:7c",
            "registry.example/library/nginx:1.29@sha256:7c",
        ),
        ("library/nginx:1.29", "nginx:1.29"),
    ],
)
def test_names_are_read_as_docker_shows_them(written: str, shown: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(f"services: {{app: {{image: '{written}'}}}}\n")
    assert named_images([file], {"TAG": "1.29"}) == {"app": shown}
