"""The inventory of what the lab created, and how `down` uses it."""

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.inventory import Inventory, Resource, removal_plan


def test_a_recorded_resource_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    Inventory(path).record("network", "proxy")
    assert Inventory(path).find("network", "proxy") == Resource("network", "proxy")


def test_recording_again_replaces_details_and_forgetting_deletes(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    inventory = Inventory(path)
    inventory.record("swarm", "swarm")
    inventory.record("swarm", "swarm", id="abc")
    assert [one.detail for one in Inventory(path).resources] == [{"id": "abc"}]
    inventory.forget("swarm", "swarm")
    assert Inventory(path).resources == ()


def test_an_unreadable_inventory_is_refused_and_not_ignored(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    path.write_text("{")
    with pytest.raises(LabError, match=r"made\.json"):
        Inventory(path)


def test_what_is_used_by_others_is_removed_after_them() -> None:
    resources = (
        Resource("daemon", "dockerd"),
        Resource("swarm", "swarm"),
        Resource("network", "proxy"),
        Resource("image", "base"),
        Resource("image", "derived"),
        Resource("path", "ca"),
        Resource("app", "traefik.lab.test"),
        Resource("secret", "traefik_lab_test_ssl_key_v1"),
    )
    names = [thing.name for thing in removal_plan(resources, keep_images=False)]
    assert names == [
        "traefik.lab.test",
        "traefik_lab_test_ssl_key_v1",
        "proxy",
        "swarm",
        "derived",
        "base",
        "ca",
        "dockerd",
    ]


def test_images_can_be_kept() -> None:
    resources = (Resource("image", "base"), Resource("path", "ca"))
    assert removal_plan(resources, keep_images=True) == [Resource("path", "ca")]


def test_nothing_is_removed_that_is_not_in_the_inventory() -> None:
    assert removal_plan((), keep_images=False) == []
