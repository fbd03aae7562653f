"""An image that does not exist is the recipe's fault; one that cannot be had is not."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from ccci.deploy.images import pull_missing
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
