"""What an app put in the place of a file is told in a sentence, and never read whole."""

import io
import os
import socket
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker.errors import APIError

from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.copying import MIB, first_bytes, read_file
from tests.unit.swarm.container_of_folder import ContainerOfFolder


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0\xff\n" * 2000)
    assert read_file(ContainerOfFolder(tmp_path), "/file", 6000) == b"\0\xff\n" * 2000


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_file(ContainerOfFolder(tmp_path), "/file", 10) == b""


def test_nothing_is_told_from_something(tmp_path: Path) -> None:
    assert read_file(ContainerOfFolder(tmp_path), "/file", 10) is None


def _folder(place: Path) -> None:
    place.mkdir()
    (place / "large").write_bytes(b"x" * MIB)


def _socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(place))


KINDS: dict[str, Callable[[Path], object]] = {
    "a link": lambda place: place.symlink_to("/etc/passwd"),
    "a folder": _folder,
    "a named pipe": os.mkfifo,
    "a socket": _socket,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_named(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path / "file")
    container = ContainerOfFolder(tmp_path)
    with pytest.raises(RecipeFailure, match=f"plain file at /file; it is {kind}"):
        read_file(container, "/file", 10)
    assert container.given_bytes == 0


def test_a_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeFailure, match="plain file at /dev/null; it is a device"):
        read_file(ContainerOfFolder(Path("/")), "/dev/null", 10)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.truncate(tmp_path / "file", 300 * MIB)
    container = ContainerOfFolder(tmp_path)
    with pytest.raises(RecipeFailure, match="at most 1024 bytes at /file; it has 300 MiB"):
        read_file(container, "/file", 1024)
    assert container.given_bytes == 0


def test_a_file_that_grows_after_the_look_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    container = ContainerOfFolder(tmp_path)
    container.switch = lambda: os.truncate(tmp_path / "file", 300 * MIB)
    tracemalloc.start()
    with pytest.raises(RecipeFailure, match="at most 1024 bytes"):
        read_file(container, "/file", 1024)
    assert tracemalloc.get_traced_memory()[1] < 3 * MIB
    tracemalloc.stop()
    assert container.given_bytes < 3 * MIB


def test_a_file_that_becomes_a_link_after_the_look_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    container = ContainerOfFolder(tmp_path)

    def switch() -> None:
        (tmp_path / "file").unlink()
        (tmp_path / "file").symlink_to("/etc/passwd")

    container.switch = switch
    with pytest.raises(RecipeFailure, match="plain file at /file"):
        read_file(container, "/file", 1024)


def test_what_docker_does_not_copy_says_nothing_about_the_recipe() -> None:
    class Refusing:
        def get_archive(self, path: str) -> None:
            raise APIError("the container is being removed")

    with pytest.raises(
        NodeFailure, match=r"does not copy /file .*: the container is being removed"
    ):
        read_file(Refusing(), "/file", 10)


def test_the_beginning_of_each_file_is_given(tmp_path: Path) -> None:
    below = tmp_path / "data" / "below"
    below.mkdir(parents=True)
    (below / "one").write_bytes(b"first and more")
    (below / "link").symlink_to("one")
    os.mkfifo(below / "pipe")
    (tmp_path / "data" / "two").write_bytes(b"sec")
    found = dict(first_bytes(ContainerOfFolder(tmp_path), "/data", 5, MIB))
    assert found == {"/data/below/one": b"first", "/data/two": b"sec"}


def test_a_folder_without_end_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.truncate(os.open(tmp_path / "data" / "sparse", os.O_CREAT | os.O_RDWR), 1 << 40)
    with pytest.raises(RecipeFailure, match="at most 1 MiB at /data; there is more"):
        list(first_bytes(ContainerOfFolder(tmp_path), "/data", 5, MIB))


def test_a_file_that_goes_between_look_and_copy_is_nothing() -> None:
    nothing = io.BytesIO()
    with tarfile.open(fileobj=nothing, mode="w"):
        pass
    looked_at = {"name": "file", "mode": 0o644, "size": 512}
    container = SimpleNamespace(get_archive=lambda path: ([nothing.getvalue()], looked_at))
    assert read_file(container, "/file", 1024) is None
