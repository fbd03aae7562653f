"""The witness tells what changed outside of runs, and is not upset by runs."""

from dataclasses import replace
from pathlib import Path

import docker
import pytest

from ccci.swarm.holdings import STACK_LABEL, DockerObject, Scope
from ccci.teardown.witness import NodeState, Witness, _strangers, compare
from tests.unit.small_docker import running

WEB = DockerObject("service", "s1", "shop_app", stack="shop")
DATA = DockerObject("volume", "shop_data", "shop_data", stack="shop")
KEY = DockerObject("secret", "k1", "shop_key_v1")
NET = DockerObject("network", "n1", "proxy")
TEST = DockerObject(
    "service", "s2", "n8n-pr1-1234567_lab_test_app", stack="n8n-pr1-1234567_lab_test"
)
TEST_KEY = DockerObject("secret", "k2", "n8n-pr1-1234567_lab_test_key_v1")
THINGS = (WEB, DATA, KEY, NET)


def state(*objects: DockerObject, stacks: tuple[str, ...] = ()) -> NodeState:
    return NodeState(
        objects,
        {(item.kind, item.id): "there" for item in objects},
        {"s1": frozenset({"t1"})},
        {},
        Scope(frozenset(stacks)),
        {"container sentinel": "running since noon", "volume sentinel_data": "content 1"},
    )


BEFORE = state(*THINGS)


def test_nothing_changed() -> None:
    assert compare(BEFORE, state(*THINGS)) == []


@pytest.mark.parametrize("gone", THINGS, ids=str)
def test_something_is_gone(gone: DockerObject) -> None:
    rest = [item for item in THINGS if item != gone]
    assert f"{gone} is gone." in compare(BEFORE, state(*rest))


def test_something_is_left_by_nobody() -> None:
    found = compare(BEFORE, state(*THINGS, TEST_KEY))
    assert found == [f"secret {TEST_KEY.name} has appeared and belongs to no run."]


def test_what_somebody_else_deploys_is_noted() -> None:
    theirs = [
        DockerObject("service", "s9", "wiki_app", stack="wiki"),
        DockerObject("config", "c9", "wiki_conf_v1", stack="wiki"),
        DockerObject("network", "n9", "wiki_internal", stack="wiki"),
        DockerObject("secret", "k9", "wiki_password_v1"),
    ]
    now = state(*THINGS, *theirs)
    assert compare(BEFORE, now) == []
    assert _strangers(BEFORE, now) == theirs
    # What they do to something that was there before is no deployment of theirs.
    assert compare(now, state(*THINGS, *theirs[1:])) == ["service wiki_app is gone."]
    without_service = state(*THINGS, theirs[3])
    assert compare(BEFORE, without_service) == [
        "secret wiki_password_v1 has appeared and belongs to no run."
    ]


def test_a_volume_without_a_name_has_the_stack_of_its_container() -> None:
    volume = DockerObject("volume", "5" * 64, "5" * 64)
    wiki = DockerObject("service", "s9", "wiki_db", stack="wiki")
    now = replace(state(*THINGS, wiki, volume), theirs=frozenset({volume.name}))
    assert compare(BEFORE, now) == []
    assert _strangers(BEFORE, now) == [wiki, volume]
    assert compare(BEFORE, state(*THINGS, wiki, volume)) == [
        f"{volume} has appeared and belongs to no run."
    ]


def test_a_node_tells_whose_a_volume_without_a_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    theirs, stray = "5" * 64, "6" * 64
    container = {
        "Id": "c1",
        "Names": ["/wiki_db.1"],
        "Labels": {STACK_LABEL: "wiki"},
        "Mounts": [{"Type": "volume", "Name": theirs}],
    }
    with running(tmp_path / "docker.sock") as daemon:
        client = docker.DockerClient(f"unix://{tmp_path}/docker.sock", version="1.43")
        witness = Witness.before(client)
        listed = [{"Name": name, "Mountpoint": "/nowhere"} for name in (theirs, stray)]
        daemon.has = {"json": [container], "volumes": {"Volumes": listed}}
        assert witness.differences() == [f"volume {stray} has appeared and belongs to no run."]
        assert witness.strangers() == [f"volume {theirs}"]
        client.close()


def test_a_stray_container_is_seen() -> None:
    stray = DockerObject("container", "c1", "brave_noether", running=True)
    assert compare(BEFORE, state(*THINGS, stray)) == [
        "container brave_noether has appeared and belongs to no run."
    ]
    assert compare(state(*THINGS, stray), BEFORE) == []


def test_other_runs_come_and_go() -> None:
    stacks = (TEST.stack,)
    with_run, without = state(*THINGS, TEST, TEST_KEY, stacks=stacks), state(*THINGS, stacks=stacks)
    assert compare(without, with_run) == []
    assert compare(with_run, without) == []
    # Known at one of the two moments is enough: a journal comes with its run.
    assert compare(BEFORE, with_run) == []
    assert compare(with_run, BEFORE) == []


def test_a_service_was_changed() -> None:
    before = replace(BEFORE, facts={**BEFORE.facts, ("service", "s1"): "version 1 of nginx:1"})
    now = replace(BEFORE, facts={**BEFORE.facts, ("service", "s1"): "version 2 of nginx:2"})
    assert compare(before, now) == [
        "service shop_app was version 1 of nginx:1 and is now version 2 of nginx:2."
    ]


def test_a_task_was_lost() -> None:
    now = replace(BEFORE, tasks={"s1": frozenset({"t2"})}, ended={"t1": "failed exit 137"})
    assert compare(BEFORE, now) == [
        "service shop_app lost task t1, which was running: failed exit 137."
    ]
    more = replace(BEFORE, tasks={"s1": frozenset({"t1", "t2"})})
    assert compare(BEFORE, more) == []


def test_the_sentinel_was_touched() -> None:
    now = replace(BEFORE, sentinel={"container sentinel": "running since noon"})
    assert compare(BEFORE, now) == ["Sentinel: volume sentinel_data was content 1 and is now gone."]
    now = replace(BEFORE, sentinel={**BEFORE.sentinel, "volume sentinel_data": "content 2"})
    assert compare(BEFORE, now) == [
        "Sentinel: volume sentinel_data was content 1 and is now content 2."
    ]
