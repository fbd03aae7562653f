"""What a container fills of the disk is counted, with empty files, and without following links."""

import os
import tempfile
from pathlib import Path

from ccci.swarm.disk_use import folders_of, free_bytes, held_by, own_files_of, used_by

MIB = 1024**2


def test_files_folders_and_empty_files_count(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    assert used_by([tmp_path], MIB) == 2 * 4096
    for number in range(10):
        (tmp_path / "deep" / f"empty{number}").touch()
    assert used_by([tmp_path], MIB) == 12 * 4096
    (tmp_path / "deep" / "deeper" / "large").write_bytes(b"x" * MIB)
    assert used_by([tmp_path], 10 * MIB) >= MIB + 12 * 4096


def test_counting_ends_where_it_is_too_much(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "large").write_bytes(b"x" * MIB)
    assert MIB <= used_by([tmp_path / "a", tmp_path / "b"], 1000) < 2 * MIB


def test_folders_that_are_too_deep_count_as_too_much(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep /= "d"
    deep.mkdir(parents=True)
    assert used_by([tmp_path], MIB) == 200 * 4096
    for _ in range(60):
        deep /= "d"
    deep.mkdir(parents=True)
    assert used_by([tmp_path], 100 * MIB) > 100 * MIB


def test_a_file_in_no_folder_counts_while_a_process_holds_it_open(tmp_path: Path) -> None:
    before = held_by([os.getpid()])
    with (tmp_path / "large").open("wb") as file, tempfile.TemporaryFile(dir="/dev/shm") as memory:
        file.write(b"x" * MIB)
        memory.write(b"x" * MIB)
        for one in (file, memory):
            one.flush()
            os.fsync(one.fileno())
        assert held_by([os.getpid()]) == before
        (tmp_path / "large").unlink()
        assert held_by([os.getpid(), os.getpid()]) == before + MIB
    assert held_by([os.getpid()]) == before
    assert held_by([2**30]) == 0


def test_holes_and_links_take_nothing(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    with (app / "sparse").open("wb") as file:
        file.truncate(1024**4)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "large").write_bytes(b"x" * MIB)
    (app / "link").symlink_to(elsewhere)
    (app / "linked-file").symlink_to(elsewhere / "large")
    assert used_by([app], MIB) < 10 * 4096


def test_the_folders_of_a_container(tmp_path: Path) -> None:
    layer, volume = tmp_path / "diff", tmp_path / "volume"
    layer.mkdir()
    volume.mkdir()
    inspected = {
        "GraphDriver": {"Data": {"UpperDir": str(layer)}},
        "Mounts": [
            {"Type": "volume", "Source": str(volume)},
            {"Type": "volume", "Source": str(tmp_path / "on another node")},
            {"Type": "bind", "Source": str(tmp_path)},
            {"Type": "tmpfs", "Source": ""},
        ],
    }
    assert folders_of(inspected) == [layer, volume]
    own = tmp_path / "containers" / "a"
    own.mkdir(parents=True)
    inspected |= {"HostsPath": f"{own}/hosts", "ResolvConfPath": f"{own}/gone"}
    (own / "hosts").write_bytes(b"x" * MIB)
    (own / "a-json.log").write_bytes(b"x" * MIB)  # It has a limit of its own.
    assert MIB <= own_files_of(inspected) < 2 * MIB
    assert folders_of({"Mounts": [], "GraphDriver": {"Data": None}}) == []
    assert free_bytes(tmp_path / "gone") is None
    assert (free_bytes(tmp_path) or 0) > 0
