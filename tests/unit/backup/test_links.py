"""Links are followed as the backup bot would follow them, in real folders; none is entered."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.backup import links
from ccci.backup.labels import Promise, Snapshot, check_own
from ccci.backup.links import check_ways, folders_of, link_out, links_in_the_way
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.view import SwarmView

VOLUME = "shop_data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A volume with a release and a folder of another app's volume beside it."""
    for volume in (VOLUME, "other_data"):
        (tmp_path / volume / "_data" / "releases" / "1").mkdir(parents=True)
        (tmp_path / volume / "_data" / "releases" / "1" / "file").write_text(volume)
    return tmp_path / VOLUME / "_data"


OUT = {
    "another app's volume": ("up", "../../other_data/_data", "up/releases/1/file"),
    "an absolute path": ("up", "/etc", "up/passwd"),
    "an absolute path of the app's own container": ("up", "/data/releases", "up/1/file"),
    "the root of the volume": ("up", "..", "up/_data/releases"),
    "in a middle part": ("releases/2", "../../..", "releases/2/x/y"),
    "the last part": ("releases/file", "/etc/passwd", "releases/file"),
    "by way of what is inside": ("up", "releases/1/../../../../other_data", "up"),
}


@pytest.mark.parametrize("how", OUT)
def test_a_link_that_leads_out_is_found(root: Path, how: str) -> None:
    place, target, path = OUT[how]
    (root / place).symlink_to(target)
    assert link_out(root, path) == (place, target)
    with pytest.raises(RecipeFailure, match=f"on its way is the link '{place}' in volume {VOLUME}"):
        check_ways({VOLUME: root}, [Promise(VOLUME, path)])


INSIDE = {
    "a release": ("current", "releases/1", "current/file"),
    "up to the root and down again": ("releases/2", "../releases/1", "releases/2/file"),
    "the root itself": ("releases/all", "..", "releases/all/releases/1/file"),
    "nowhere": ("gone", "never-made", "gone/file"),
    "itself": ("circle", "circle", "circle/file"),
}


@pytest.mark.parametrize("how", INSIDE)
def test_a_link_that_stays_inside_is_none(root: Path, how: str) -> None:
    place, target, path = INSIDE[how]
    (root / place).symlink_to(target)
    assert link_out(root, path) is None
    check_ways({VOLUME: root}, [Promise(VOLUME, path)])


def test_a_chain_of_links_is_followed_to_its_end(root: Path) -> None:
    (root / "first").symlink_to("second/1")
    (root / "second").symlink_to("/etc")
    assert link_out(root, "first/file") == ("second", "/etc")


def test_what_is_on_no_promised_way_is_harmless(root: Path) -> None:
    (root / "access.log").symlink_to("/dev/stdout")
    (root / "share").symlink_to("/usr/share")
    check_ways({VOLUME: root}, [Promise(VOLUME, ""), Promise(VOLUME, "releases/1/file")])
    check_ways({VOLUME: root}, [Promise("shop_never_mounted", "share")])


def test_a_promise_may_not_climb_itself(root: Path) -> None:
    with pytest.raises(RecipeFailure, match=r"promises shop_data/\.\./\.\./other_data"):
        check_ways({VOLUME: root}, [Promise(VOLUME, "../../other_data")])


def in_the_way(root: Path, *held: str) -> list[str]:
    paths = [
        "/var/lib/docker/volumes",
        *(f"/var/lib/docker/volumes/{VOLUME}/_data/{h}" for h in held),
    ]
    return [one.place for one in links_in_the_way({VOLUME: root}, Snapshot("1", tuple(paths)))]


def test_only_where_the_snapshot_has_something_is_a_link_in_the_way(root: Path) -> None:
    (root / "socket").symlink_to("/run/socket")
    (root / "current").symlink_to("releases/1")
    (root / "page").symlink_to("/etc/passwd")
    (root / "releases" / "2").symlink_to("../../../other_data/_data")
    assert in_the_way(root, "releases", "releases/1", "current") == []
    assert in_the_way(root, "page") == ["page"]
    assert in_the_way(root, "releases/2", "releases/2/file") == ["releases/2"]


def test_a_name_that_a_line_cannot_have_counts_as_held(root: Path) -> None:
    (root / "two\nlines").symlink_to("/etc")
    (root / os.fsdecode(b"\xff")).symlink_to("/etc")
    assert sorted(in_the_way(root, "page")) == ["two\nlines", "\udcff"]


def test_what_is_said_of_a_name_can_be_printed(root: Path) -> None:
    (root / os.fsdecode(b"\xff\x1b[2J")).symlink_to("/etc")
    (found,) = links_in_the_way({VOLUME: root}, Snapshot("1", ()))
    assert str(found).isprintable()
    str(found).encode()


def test_no_folder_is_entered_through_a_link(root: Path) -> None:
    (root / "other").symlink_to("../../other_data/_data")
    (root.parent.parent / "other_data" / "_data" / "theirs").symlink_to("/etc")
    assert in_the_way(root, "other/theirs") == []


@pytest.mark.parametrize(
    ("limit", "value"), [("_MOST_ENTRIES", 20), ("_DEEPEST", 10), ("_SECONDS", 0.0)]
)
def test_a_volume_without_end_is_given_up(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    (root / "/".join(["deep"] * 15)).mkdir(parents=True)
    for number in range(30):
        (root / str(number)).touch()
    assert in_the_way(root, "page") == []
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(links, limit, value)
    with pytest.raises(RecipeFailure, match="Volume shop_data cannot be looked through"):
        in_the_way(root, "page")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_links_without_end_are_given_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_MOST_LINKS", 5)
    for number in range(10):
        (root / str(number)).symlink_to("/etc")
    with pytest.raises(RecipeFailure, match="More than 5 links lead out of volume shop_data"):
        in_the_way(root, *map(str, range(10)))


def swarm(*folders: Path) -> SwarmView:
    listed = [{"Name": one.parent.name, "Mountpoint": str(one)} for one in folders]
    api = SimpleNamespace(volumes=lambda filters: {"Volumes": listed or None})
    view: Any = SimpleNamespace(client=SimpleNamespace(api=api))
    return cast(SwarmView, view)


def test_a_volume_that_cannot_be_opened_says_nothing_about_the_recipe(root: Path) -> None:
    assert folders_of(swarm(), "shop") == {}
    assert folders_of(swarm(root), "shop") == {VOLUME: root}
    with pytest.raises(
        NodeFailure, match=r"Volume gone cannot be looked into .*Start runs as root"
    ):
        folders_of(swarm(root, root.parent.parent / "gone" / "_data"), "shop")


def test_a_snapshot_of_another_app_s_files_is_not_restored() -> None:
    with pytest.raises(RecipeFailure, match="1 paths that do not belong to shop, the first"):
        check_own(Snapshot("1", ("/var/lib", "/var/lib/docker/volumes/other_data/_data/x")), "shop")
