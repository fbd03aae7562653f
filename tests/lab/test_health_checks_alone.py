"""A command runs alone in a container of a real Docker: nothing of the app is with it."""

import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest

from ccci.errors import NodeFailure
from ccci.swarm.alone import Command, exit_code_alone
from ccci.swarm.holdings import RUN_LABEL
from ccci.swarm.view import Service, SwarmView

pytestmark = pytest.mark.lab

IMAGE = "nginx:1.26.3"
RUN, NAME = "20260102-030405-a10e", "ccci-20260102-030405-a10e-health-of-app"
SCRIPT = b'#!/bin/sh\n[ "$1" = is-ready ] && exit 3\n'
KEPT = b"kept by the Swarm"
SERVICE = cast(Service, SimpleNamespace(id="s1", short_name="app"))
CONFIGS = [
    {"ConfigID": "c1", "File": {"Name": "/srv/check.sh", "UID": "0", "GID": "0", "Mode": 0o555}},
    {"ConfigID": "c2", "File": {"Name": "kept", "UID": "33", "GID": "33", "Mode": 0o400}},
]
SECRETS = [{"File": {"Name": "password", "UID": "33", "GID": "33", "Mode": 0o400}}]


@pytest.fixture(scope="module")
def swarm() -> Iterator[SwarmView]:
    """One service, whose container runs; its volume and its network are its own."""
    client = docker.from_env()
    container = client.containers.run(
        IMAGE, ["sleep", "600"], detach=True, environment={"COLOUR": "red"}, user="www-data",
        working_dir="/srv", volumes=["/data"],
    )  # fmt: skip
    given = {"Configs": CONFIGS, "Secrets": SECRETS}
    spec = {"Spec": {"TaskTemplate": {"ContainerSpec": given}}}
    kept = {"Spec": {"Data": base64.b64encode(KEPT).decode()}}
    api = SimpleNamespace(inspect_service=lambda _: spec, inspect_config=lambda _: kept)
    try:
        write = ["sh", "-c", f"printf '%s' '{SCRIPT.decode()}' > /srv/check.sh; touch /data/there"]
        assert container.exec_run(write, user="root").exit_code == 0
        yield cast(SwarmView, SimpleNamespace(
            container_of=lambda _: client.containers.get(str(container.id)),
            client=SimpleNamespace(containers=client.containers, api=api),
        ))  # fmt: skip
    finally:
        container.remove(force=True, v=True)


def code_of(
    swarm: SwarmView, *words: str, seconds: float = 20, wants_secrets: bool = False
) -> int | None:
    command = Command(words, seconds, wants_secrets)
    code = exit_code_alone(swarm, SERVICE, command, NAME, RUN)
    client: Any = docker.from_env()
    assert client.containers.list(all=True, filters={"label": f"{RUN_LABEL}={RUN}"}) == []
    return code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0), (["sh", "-c", "exit 5"], 5),
        # Docker does not start it: there is no such program, or it is none.
        (["no-such-program"], 127), (["/etc"], 126),
        # The service's own settings, user and folder.
        (["sh", "-c", "[ $COLOUR,$(id -un),$PWD = red,www-data,/srv ]"], 0),
        # Nothing of the app's is there: no process, no file of a volume, no network.
        (["sh", "-c", "cat /proc/[0-9]*/comm | grep -qx sleep"], 1),
        (["test", "-e", "/data/there"], 1), (["test", "-e", "/sys/class/net/eth0"], 1),
    ],
)  # fmt: skip
def test_its_end_is_told(swarm: SwarmView, command: list[str], code: int) -> None:
    assert code_of(swarm, *command) == code


def test_what_takes_too_long_has_not_ended(swarm: SwarmView) -> None:
    assert code_of(swarm, "sleep", "60", seconds=0.5) is None


def test_the_configs_are_where_the_service_has_them(swarm: SwarmView) -> None:
    assert code_of(swarm, "/srv/check.sh", "is-ready") == 3
    assert code_of(swarm, "/srv/check.sh") == 1
    # The container lacks this one, as if the image had no `cat`: it comes from the Swarm.
    assert code_of(swarm, "sh", "-c", f"[ \"$(cat /kept)\" = '{KEPT.decode()}' ]") == 0


def test_a_file_may_stand_for_a_secret(swarm: SwarmView) -> None:
    words = ("sh", "-c", '[ "$(cat /run/secrets/password)" = not-the-secret ]')
    assert code_of(swarm, *words) == 1
    assert code_of(swarm, *words, wants_secrets=True) == 0


def test_what_docker_refuses_says_nothing_about_the_recipe(swarm: SwarmView) -> None:
    taken = docker.from_env().containers.create(IMAGE, name=NAME)
    try:
        with pytest.raises(NodeFailure, match="'true' of service app cannot be tried"):
            exit_code_alone(swarm, SERVICE, Command(("true",), 9), NAME, RUN)
    finally:
        taken.remove(v=True)
