"""Whatever an app makes of a planted file: the sentence names the volume and what is there."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.backup import markers
from ccci.backup.markers import (
    MARKER_NAME,
    Marker,
    check_markers,
    check_markers_gone,
    plant_markers,
    spoil_markers,
)
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import SwarmView
from tests.unit.swarm.container_of_folder import ContainerOfFolder

STACK = "shop_lab_test"


class Planted:
    """A stack with one volume in a real folder, and a marker in it."""

    def __init__(self, root: Path) -> None:
        self.file = root / "data" / MARKER_NAME
        self.file.parent.mkdir()
        self.container = ContainerOfFolder(root)
        volume = {"Type": "volume", "Name": f"{STACK}_data", "Destination": "/data"}
        self.container.attrs = {"Mounts": [volume]}
        app = SimpleNamespace(short_name="app", running=[1], one_shot=False, replicas=1)
        view: Any = SimpleNamespace(
            services=lambda stack: [app], container_of=lambda service: self.container
        )
        self.swarm = cast(SwarmView, view)
        self.markers: tuple[Marker, ...] = plant_markers(self.swarm, STACK)

    def check(self) -> None:
        check_markers(self.swarm, STACK, self.markers)


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def test_what_was_planted_is_found(planted: Planted) -> None:
    planted.check()
    with pytest.raises(RecipeFailure, match="is still there although the volume was removed"):
        check_markers_gone(planted.swarm, STACK, planted.markers)


def test_what_was_spoilt_is_still_seen_where_its_volume_was_kept(planted: Planted) -> None:
    spoil_markers(planted.swarm, STACK, planted.markers)
    with pytest.raises(RecipeFailure, match="is still there although the volume was removed"):
        check_markers_gone(planted.swarm, STACK, planted.markers)
    with pytest.raises(RecipeFailure, match=r"has changed \(\d+ bytes\)"):
        planted.check()


def test_what_is_gone_is_told(planted: Planted) -> None:
    planted.file.unlink()
    check_markers_gone(planted.swarm, STACK, planted.markers)
    with pytest.raises(RecipeFailure, match=r"planted in volume shop_lab_test_data .* is gone"):
        planted.check()


REPLACED: dict[str, Callable[[Path], object]] = {
    "it is a link": lambda place: place.symlink_to("/etc/passwd"),
    "it is a folder": lambda place: place.mkdir(),
    "it is a named pipe": os.mkfifo,
    "it has 300 MiB": lambda place: os.truncate(os.open(place, os.O_CREAT | os.O_RDWR), 300 << 20),
}


@pytest.mark.parametrize("how", REPLACED)
def test_what_was_replaced_is_told(planted: Planted, how: str) -> None:
    planted.file.unlink()
    REPLACED[how](planted.file)
    for look in (check_markers, check_markers_gone):
        with pytest.raises(RecipeFailure, match=rf"volume shop_lab_test_data .*replaced.*{how}"):
            look(planted.swarm, STACK, planted.markers)


def test_no_link_is_followed_when_it_is_planted_again(planted: Planted, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of somebody else")
    planted.file.unlink()
    planted.file.symlink_to(tmp_path / "other")
    spoil_markers(planted.swarm, STACK, planted.markers)
    assert (tmp_path / "other").read_text() == "of somebody else"


def test_a_mount_that_the_app_moved_away_is_told(planted: Planted) -> None:
    planted.file.parent.rename(planted.file.parent.with_name("elsewhere"))
    with pytest.raises(
        RecipeFailure, match="shop_lab_test_data is mounted at /data of service app"
    ):
        plant_markers(planted.swarm, STACK)


def _planted_in(*mounts: Mount, monkeypatch: pytest.MonkeyPatch) -> list[Mount]:
    """Plant in these mounts, and return where."""
    written: list[Mount] = []
    monkeypatch.setattr(markers, "mounts_of", lambda *_: list(mounts))
    monkeypatch.setattr(markers, "_put", lambda swarm, stack, mount, content: written.append(mount))
    plant_markers(cast(SwarmView, None), STACK)
    return written


def test_a_marker_is_planted_where_a_service_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    writes = Mount("app", "pages", "/srv")
    reads = Mount("web", "pages", "/usr/share/nginx/html", writable=False)
    assert _planted_in(writes, reads, monkeypatch=monkeypatch) == [writes]
    assert _planted_in(reads, writes, monkeypatch=monkeypatch) == [writes]
    with pytest.raises(RecipeFailure, match="Every service that has volume pages mounts it read-"):
        _planted_in(reads, monkeypatch=monkeypatch)


def test_a_volume_whose_service_is_gone_may_be_another_ones(planted: Planted) -> None:
    (service,) = planted.swarm.services(STACK)
    cast(Any, service).short_name = "web"
    planted.check()
    planted.container.attrs["Mounts"] = []
    with pytest.raises(RecipeFailure, match="Service app, which mounted volume shop_lab_test_data"):
        planted.check()
    check_markers(planted.swarm, STACK, planted.markers, {"volume data"})


def test_a_volume_that_moved_is_told_unless_recipe_toml_says_so(planted: Planted) -> None:
    planted.file.parent.rename(planted.file.parent.with_name("moved"))
    planted.container.attrs["Mounts"][0]["Destination"] = "/moved"
    with pytest.raises(RecipeFailure, match=r"name 'volume data' in \[let_go\]"):
        planted.check()
    check_markers(planted.swarm, STACK, planted.markers, {"volume data"})
