"""What a container's first process sees is read in an image with `cat`, and in one without."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ccci.errors import NodeFailure
from ccci.swarm.as_seen import ENVIRONMENT, read_as_seen, variables_in

IMAGE = "nginx:1.26.3"
WORD = secrets.token_hex(16)
WITH, WITHOUT = "true", "rm $(command -v cat)"


@pytest.fixture(params=[WITH, WITHOUT], ids=["with cat", "without cat"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    # The node has a file at this path, too; a link of the container must not lead to it.
    (tmp_path / "secret").write_text("of the node")
    made_up = f"ln -s {tmp_path}/secret /link; mkfifo /pipe; mknod /disk b 8 0"
    script = f"{request.param}; {made_up}; echo up; exec sleep 120"
    client = docker.from_env()
    made = client.containers.run(
        IMAGE,
        ["sh", "-c", f"printf %s {WORD} > /word; {script}"],
        user="0",
        environment={"WORD": WORD},
        detach=True,
        remove=True,
    )
    try:
        assert b"up" in next(made.logs(stream=True, follow=True))
        yield str(made.id)
    finally:
        made.kill()


def test_its_files_and_its_environment_are_read(container: str) -> None:
    assert read_as_seen(container, "/word") == WORD.encode()
    assert variables_in(read_as_seen(container, ENVIRONMENT) or b"")["WORD"] == WORD.encode()


def test_what_it_does_not_have_is_not_read_from_the_node(container: str, tmp_path: Path) -> None:
    assert read_as_seen(container, f"{tmp_path}/secret") is None
    assert read_as_seen(container, "/link") is None


@pytest.mark.parametrize("container", [WITHOUT], indirect=True)
@pytest.mark.parametrize("path", ["/pipe", "/disk", "/dev/zero", "/tmp"])
def test_what_is_no_file_is_not_opened(container: str, path: str) -> None:
    assert read_as_seen(container, path) is None


def test_a_container_that_is_gone_is_no_answer() -> None:
    with pytest.raises(NodeFailure, match="could not be read in container ffffffffffff"):
        read_as_seen("f" * 64, "/word")
