"""The record of what the lab made, and what `down` does with it."""

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.made import Made, Thing, plan_of_removal


def test_the_record_is_on_disk_before_the_thing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    Made(path).record("network", "proxy")
    assert Made(path).find("network", "proxy") == Thing("network", "proxy")


def test_recording_again_replaces_details_and_forgetting_strikes_out(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    made = Made(path)
    made.record("swarm", "swarm")
    made.record("swarm", "swarm", id="abc")
    assert [one.detail for one in Made(path).things] == [{"id": "abc"}]
    made.forget("swarm", "swarm")
    assert Made(path).things == ()


def test_an_unreadable_record_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    path.write_text("{")
    with pytest.raises(LabError, match=r"made\.json"):
        Made(path)


def test_removal_goes_from_what_uses_to_what_is_used() -> None:
    things = (
        Thing("daemon", "dockerd"),
        Thing("swarm", "swarm"),
        Thing("network", "proxy"),
        Thing("image", "base"),
        Thing("image", "derived"),
        Thing("path", "ca"),
        Thing("app", "traefik.lab.test"),
        Thing("secret", "traefik_lab_test_ssl_key_v1"),
    )
    names = [thing.name for thing in plan_of_removal(things, keep_images=False)]
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
    things = (Thing("image", "base"), Thing("path", "ca"))
    assert plan_of_removal(things, keep_images=True) == [Thing("path", "ca")]


def test_only_what_is_recorded_is_ever_removed() -> None:
    assert plan_of_removal((), keep_images=False) == []
