"""Files are carried between volumes and the bot's own folder, and no link of an app is followed."""

import ctypes
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from backupbot import carry as carrying
from backupbot.carry import carry, look, own_folder
from backupbot.errors import BackupError

DATA = PurePosixPath("shop_data", "_data")


class Volumes:
    """The volumes of two apps, and the bot's own folder."""

    def __init__(self, root: Path) -> None:
        self.live, self.own = root / "volumes", root / "own"
        self.data = self.live / DATA
        self.theirs = self.live / "other_data" / "_data"
        for folder in (self.data, self.theirs, self.own):
            folder.mkdir(parents=True)
        (self.theirs / "secret").write_text("of another app")

    def fetch(self, path: str = "") -> Path:
        carry(self.live, self.own, [DATA / path])
        return self.own / DATA / path

    def deliver(self, path: str = "") -> None:
        carry(self.own, self.live, [DATA / path])


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path)


def test_a_tree_is_the_same_there(volumes: Volumes) -> None:
    below = volumes.data / "a" / "b"
    below.mkdir(parents=True)
    (below / "file").write_bytes(b"\0\xff" * 700_000)
    os.chown(below / "file", 1234, 2345)
    (below / "file").chmod(0o4750)
    os.setxattr(below / "file", "user.note", b"kept")
    (below / "link").symlink_to("/etc/passwd")
    os.mkfifo(below / "pipe")
    os.utime(below / "file", ns=(1, 2_000_000_003))
    below.chmod(0o710)
    os.utime(below, ns=(5, 7))
    copy = volumes.fetch() / "a" / "b"
    about = (copy / "file").stat()
    assert (copy / "file").read_bytes() == b"\0\xff" * 700_000
    assert (stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid) == (0o4750, 1234, 2345)
    assert about.st_mtime_ns == 2_000_000_003
    assert os.getxattr(copy / "file", "user.note") == b"kept"
    assert str((copy / "link").readlink()) == "/etc/passwd"
    assert stat.S_ISFIFO((copy / "pipe").stat().st_mode)
    assert (stat.S_IMODE(copy.stat().st_mode), copy.stat().st_mtime_ns) == (0o710, 7)


def test_only_what_is_asked_for_is_carried(volumes: Volumes) -> None:
    (volumes.data / "a").mkdir()
    (volumes.data / "a" / "dump").write_text("rows")
    (volumes.data / "a" / "other").touch()
    assert volumes.fetch("a/dump").read_text() == "rows"
    assert [path.name for path in (volumes.own / DATA / "a").iterdir()] == ["dump"]


def test_a_file_that_is_open_gets_the_new_content_and_the_rest_stays(volumes: Volumes) -> None:
    (volumes.data / "file").write_text("old and longer")
    (volumes.data / "newer").touch()
    (volumes.own / DATA).mkdir(parents=True)
    (volumes.own / DATA / "file").write_text("restored")
    with (volumes.data / "file").open() as opened:
        volumes.deliver()
        assert opened.read() == "restored"
    assert (volumes.data / "newer").exists()


@pytest.mark.parametrize("target", ["../../other_data/_data", "/etc", "inside"])
@pytest.mark.parametrize("path", ["way/secret", "way/x/secret", "a/way/secret"])
def test_no_link_is_gone_through(volumes: Volumes, target: str, path: str) -> None:
    (volumes.data / "inside").mkdir()
    (volumes.data / "a").mkdir()
    way = path.rpartition("way")[0] + "way"
    (volumes.data / way).symlink_to(target)
    expected = pytest.raises(BackupError, match=f"'{way}' of volume shop_data is a symbolic link")
    with expected:
        look(volumes.live, DATA / path)
    with expected:
        volumes.fetch(path)
    (volumes.own / DATA / path).parent.mkdir(parents=True)
    (volumes.own / DATA / path).write_text("overwritten")
    with expected:
        volumes.deliver(path)
    with expected:
        volumes.deliver()
    assert (volumes.theirs / "secret").read_text() == "of another app"
    assert list((volumes.data / "inside").iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced(volumes: Volumes) -> None:
    (volumes.data / "page").symlink_to(volumes.theirs / "secret")
    (volumes.own / DATA).mkdir(parents=True)
    (volumes.own / DATA / "page").write_text("restored")
    volumes.deliver()
    assert (volumes.data / "page").read_text() == "restored"
    assert not (volumes.data / "page").is_symlink()
    assert (volumes.theirs / "secret").read_text() == "of another app"


def test_a_link_is_carried_as_a_link(volumes: Volumes) -> None:
    (volumes.data / "all").symlink_to("../../other_data/_data")
    copy = volumes.fetch()
    assert str((copy / "all").readlink()) == "../../other_data/_data"
    (volumes.data / "all").unlink()
    volumes.deliver()
    volumes.deliver()
    assert str((volumes.data / "all").readlink()) == "../../other_data/_data"


def test_a_named_pipe_does_not_hold_the_bot_up(volumes: Volumes) -> None:
    os.mkfifo(volumes.data / "file")
    (volumes.own / DATA).mkdir(parents=True)
    (volumes.own / DATA / "file").write_text("restored")
    volumes.deliver()
    assert (volumes.data / "file").read_text() == "restored"


@pytest.mark.parametrize("job", ["fetch", "deliver"])
def test_an_app_that_swaps_a_folder_for_a_link_all_the_time_leads_nowhere(
    volumes: Volumes, job: str
) -> None:
    folder, link = volumes.data / "way", volumes.data / "link"
    for root in (volumes.data, volumes.own / DATA):
        (root / "way").mkdir(parents=True)
        (root / "way" / "secret").write_text("own")
    link.symlink_to("../../other_data/_data")
    stop = threading.Event()

    def swap() -> None:
        libc = ctypes.CDLL(None)
        while not stop.is_set():
            assert libc.renameat2(-100, bytes(folder), -100, bytes(link), 2) == 0  # In one step.

    swapping = threading.Thread(target=swap)
    swapping.start()
    refused = 0
    try:
        for _ in range(400):
            try:
                getattr(volumes, job)("way/secret")
            except BackupError:
                refused += 1
            assert (volumes.own / DATA / "way" / "secret").read_text() == "own"
            assert (volumes.theirs / "secret").read_text() == "of another app"
    finally:
        stop.set()
        swapping.join()
    assert refused, "the test must have met the link"


def test_what_would_fill_the_disk_is_refused(volumes: Volumes) -> None:
    os.truncate(os.open(volumes.data / "sparse", os.O_CREAT | os.O_RDWR), 1 << 42)
    with pytest.raises(BackupError, match=r"'sparse' of volume shop_data .* disk would be full"):
        volumes.fetch()


def test_a_tree_without_end_is_refused(volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "_DEEPEST", 5)
    (volumes.data / "/".join(["deep"] * 9)).mkdir(parents=True)
    with pytest.raises(BackupError, match="is more than 5 folders deep"):
        volumes.fetch()


def test_a_path_cannot_climb(volumes: Volumes) -> None:
    with pytest.raises(BackupError, match="is not in a volume"):
        volumes.fetch("../../other_data/_data/secret")


def test_the_own_folder_is_empty_before_and_after(
    volumes: Volumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "_LOCKS", tmp_path / "locks")
    (volumes.own / DATA).mkdir(parents=True)
    (volumes.own / DATA / "of-a-killed-job").touch()
    with own_folder("shop", ["shop_data"], volumes.own):
        assert not (volumes.own / "shop_data").exists()
        (volumes.own / DATA).mkdir(parents=True)
    assert list(volumes.own.iterdir()) == []
    volumes.own.rmdir()
    with own_folder("shop", ["shop_data"], volumes.own):
        assert volumes.own.is_dir(), "the container of a bot has no such folder at first"


def test_the_own_folder_is_made_in_a_bot_that_has_just_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "_LOCKS", tmp_path / "locks")
    live, own = tmp_path / "live", tmp_path / "deep" / "own"
    (live / DATA).mkdir(parents=True)
    (live / DATA / "page").write_text("hello")
    with own_folder("shop", ["shop_data"], own):
        carry(live, own, [DATA])
        assert (own / DATA / "page").read_text() == "hello"


def _never(_: Path) -> None:
    pass


KINDS: dict[str, Callable[[Path], object]] = {"nothing": _never, "a file": Path.touch}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_told_from_a_link(volumes: Volumes, kind: str) -> None:
    KINDS[kind](volumes.data / "x")
    assert look(volumes.live, DATA / "x" / "dump") is None
