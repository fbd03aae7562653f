"""What belongs to whom: a name that only looks alike is never taken for a run's."""

import pytest

from ccci.swarm.holdings import DockerObject, Scope, anonymous_volumes

OWN = "a_lab_test"
SCOPE = Scope(
    stacks=frozenset({OWN}),
    others=frozenset({"a_lab_test_2", "aa_lab_test", "a"}),
    runs=frozenset({"r1"}),
    volumes=frozenset({"1" * 64}),
)


@pytest.mark.parametrize(
    "item",
    [
        DockerObject("service", "1", "a_lab_test_app", stack=OWN),
        DockerObject("network", "1", "an odd name", stack=OWN),
        DockerObject("secret", "1", "a_lab_test_key_v1"),
        DockerObject("volume", "1", "a_lab_test_2data"),
        DockerObject("volume", "1", "1" * 64),
        DockerObject("volume", "1", "2" * 64, run="r1"),
        DockerObject("container", "1", "a_lab_test_app.1.x", service="a_lab_test_app"),
        DockerObject("network", "1", "helpers", stack="another", run="r1"),
    ],
    ids=str,
)
def test_ours(item: DockerObject) -> None:
    assert SCOPE.owns(item)


@pytest.mark.parametrize(
    "item",
    [
        DockerObject("secret", "1", "aa_lab_test_key_v1"),
        DockerObject("secret", "1", "a_lab_test_2_key_v1"),
        DockerObject("volume", "1", "a_lab_test"),
        DockerObject("volume", "1", "a_lab_testing_data"),
        DockerObject("volume", "1", "a_lab_tes"),
        DockerObject("volume", "1", "x_a_lab_test_data"),
        DockerObject("volume", "1", "A_LAB_TEST_data"),
        DockerObject("volume", "1", "2" * 64),
        DockerObject("volume", "1", "a_lab_test_data", stack="a_lab_test_2"),
        DockerObject("volume", "1", "a_lab_test_data", stack="somebody"),
        DockerObject("service", "1", "a_lab_test_app", stack=OWN, run="r2"),
        DockerObject("container", "1", "a_lab_test_app"),
        DockerObject("container", "1", "a_lab_test_app.1.x", service="a_lab_test_2_app"),
    ],
    ids=str,
)
def test_not_ours(item: DockerObject) -> None:
    assert not SCOPE.owns(item)


def test_an_empty_scope_owns_nothing() -> None:
    for name in ("", "_", "_x", "a_b"):
        assert not Scope(frozenset()).owns(DockerObject("volume", name, name))


def test_an_anonymous_volume_that_others_mount_too_is_not_ours() -> None:
    mine, shared, theirs = "1" * 64, "2" * 64, "3" * 64
    objects = [
        DockerObject(
            "container", "1", "x", stack=OWN, volumes=(mine, shared, "a_lab_test_content")
        ),
        DockerObject("container", "2", "y", stack="b_lab_test", volumes=(shared, theirs)),
    ]
    assert anonymous_volumes(objects, SCOPE) == {mine}
