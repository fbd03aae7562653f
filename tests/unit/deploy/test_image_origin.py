"""An image is called pulled only where the node can tell, whatever name it has."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import ImageNotFound

from ccci.deploy.image_origin import LAB_LABEL, images_of, with_version
from ccci.results.store import UsedImage
from lab.debian import CONTENT_LABEL

STACK = "shop_lab_test"
CONTAINERD = [["driver-type", "io.containerd.snapshotter.v1"]]
CLASSIC = [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]


def image(
    identity: str, digests: tuple[str, ...] = (), content: str = "", layers: str = "a"
) -> Any:
    return SimpleNamespace(
        id=f"sha256:{identity}",
        labels={LAB_LABEL: content} if content else {},
        attrs={"RepoDigests": list(digests), "RootFS": {"Layers": list(layers)}},
    )


def node(store: list[list[str]] | None = CLASSIC, **images: Any) -> Any:
    """Return a daemon that has these images, by name or id."""
    known = {name.replace("__", ":"): one for name, one in images.items()}
    known |= {one.id: one for one in images.values()}

    def get(name: str) -> Any:
        if name not in known:
            raise ImageNotFound(name)
        return known[name]

    def listed(filters: dict[str, str]) -> list[dict[str, str]]:
        key, _, value = filters["label"].partition("=")
        with_label = [one for one in images.values() if one.labels.get(key) == value]
        # As the daemon lists what is removed before anybody asks for it.
        return [{"Id": "sha256:gone"}, *({"Id": one.id} for one in with_label)]

    return SimpleNamespace(
        images=SimpleNamespace(get=get),
        api=SimpleNamespace(images=listed),
        info=lambda: {"DriverStatus": store},
    )


def origin(client: Any, name: str = "nginx:1", pulled: tuple[str, ...] = ()) -> str:
    return images_of(client, STACK, {"app": name}, [], pulled)[0].origin


def test_the_labels_name_is_the_labs() -> None:
    assert LAB_LABEL == CONTENT_LABEL


def test_what_the_lab_built_is_not_pulled_whatever_else_is_known_of_it() -> None:
    base = image("b", content="of the base", layers="a")
    built = image("a", ("nginx@sha256:1",), "of nginx", "ab")
    assert origin(node(nginx__1=built, base=base), pulled=("nginx:1",)) == "built by the lab"


def test_what_somebody_built_on_an_image_of_the_lab_is_not_the_labs() -> None:
    base = image("b", content="of the base", layers="ab")
    client = node(nginx__1=image("a", content="of the base", layers="abc"), base=base)
    assert origin(client) == "was there"
    assert origin(client, "base") == "built by the lab"
    other = node(nginx__1=image("a", content="of the base", layers="xyz"), base=base)
    assert origin(other) == "built by the lab", "the same, built again in other layers"


def test_a_digest_of_its_own_repository_shows_that_it_was_pulled() -> None:
    assert origin(node(nginx__1=image("a", ("nginx@sha256:1",)))) == "pulled"
    long = {"docker.io/library/nginx:1": image("a", ("nginx@sha256:1",))}
    assert origin(node(**long), "docker.io/library/nginx:1") == "pulled"
    port = {"registry.example:5000/nginx": image("a", ("registry.example:5000/nginx@sha256:1",))}
    assert origin(node(**port), "registry.example:5000/nginx") == "pulled"


def test_an_image_that_somebody_built_or_named_was_there() -> None:
    assert origin(node(nginx__1=image("a"))) == "was there"
    assert origin(node(nginx__1=image("a", ("mirror.example/nginx@sha256:1",)))) == "was there"
    nothing = SimpleNamespace(id="sha256:a", labels={}, attrs={"RepoDigests": None})
    assert origin(node(nginx__1=nothing)) == "was there"


@pytest.mark.parametrize("pulled", [(), ("nginx:1",)])
def test_with_containerds_store_only_a_pull_of_this_run_counts(pulled: tuple[str, ...]) -> None:
    client = node(CONTAINERD, nginx__1=image("a", ("nginx@sha256:1",)))
    assert origin(client, pulled=pulled) == ("pulled" if pulled else "was there")
    assert origin(node(None, nginx__1=image("a", ("nginx@sha256:1",)))) == "pulled"


def test_the_image_of_the_newest_container_counts_and_not_that_of_the_name() -> None:
    def container(service: str, identity: str, created: str) -> Any:
        labels = {"com.docker.swarm.service.name": f"{STACK}_{service}"}
        attrs = {"Image": f"sha256:{identity}", "Created": created}
        return SimpleNamespace(labels=labels, attrs=attrs)

    client = node(nginx__1=image("named"), old=image("old"), new=image("new"))
    containers = [
        container("app", "new", "2026-02-01T00:00:02Z"),
        container("app", "old", "2026-02-01T00:00:01Z"),
    ]
    seen = images_of(client, STACK, {"app": "nginx:1", "job": "nginx:1"}, containers, ())
    assert [one.id for one in seen] == ["sha256:new", "sha256:named"]


def test_an_image_that_two_services_and_two_versions_run_is_one() -> None:
    client = node(nginx__1=image("a"), nginx__2=image("b"))
    before = images_of(client, STACK, {"app": "nginx:1", "db": "nginx:1"}, [], ())
    now = images_of(client, STACK, {"app": "nginx:2", "db": "nginx:1"}, [], ())
    known = with_version([], before, "1.0.0+1")
    known = with_version(with_version(known, now, "head"), now, "head")
    assert known == [
        UsedImage("nginx:1", "sha256:a", "was there", ["1.0.0+1", "head"]),
        UsedImage("nginx:2", "sha256:b", "was there", ["head"]),
    ]
