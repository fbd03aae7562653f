"""What belongs to whom: a name that only looks alike is never taken for a run's."""

import pytest

from ccci.swarm.holdings import Scope, Thing, anonymous_volumes

OWN = "a_lab_test"
SCOPE = Scope(
    stacks=frozenset({OWN}),
    others=frozenset({"a_lab_test_2", "aa_lab_test", "a"}),
    runs=frozenset({"r1"}),
    volumes=frozenset({"1" * 64}),
)


@pytest.mark.parametrize(
    "thing",
    [
        Thing("service", "1", "a_lab_test_app", stack=OWN),
        Thing("network", "1", "an odd name", stack=OWN),
        Thing("secret", "1", "a_lab_test_key_v1"),
        Thing("volume", "1", "a_lab_test_2data"),
        Thing("volume", "1", "1" * 64),
        Thing("volume", "1", "2" * 64, run="r1"),
        Thing("container", "1", "a_lab_test_app.1.x", service="a_lab_test_app"),
        Thing("network", "1", "helpers", stack="another", run="r1"),
    ],
    ids=str,
)
def test_ours(thing: Thing) -> None:
    assert SCOPE.owns(thing)


@pytest.mark.parametrize(
    "thing",
    [
        Thing("secret", "1", "aa_lab_test_key_v1"),
        Thing("secret", "1", "a_lab_test_2_key_v1"),
        Thing("volume", "1", "a_lab_test"),
        Thing("volume", "1", "a_lab_testing_data"),
        Thing("volume", "1", "a_lab_tes"),
        Thing("volume", "1", "x_a_lab_test_data"),
        Thing("volume", "1", "A_LAB_TEST_data"),
        Thing("volume", "1", "2" * 64),
        Thing("volume", "1", "a_lab_test_data", stack="a_lab_test_2"),
        Thing("volume", "1", "a_lab_test_data", stack="somebody"),
        Thing("service", "1", "a_lab_test_app", stack=OWN, run="r2"),
        Thing("container", "1", "a_lab_test_app"),
        Thing("container", "1", "a_lab_test_app.1.x", service="a_lab_test_2_app"),
    ],
    ids=str,
)
def test_not_ours(thing: Thing) -> None:
    assert not SCOPE.owns(thing)


def test_an_empty_scope_owns_nothing() -> None:
    for name in ("", "_", "_x", "a_b"):
        assert not Scope(frozenset()).owns(Thing("volume", name, name))


def test_an_anonymous_volume_that_others_mount_too_is_not_ours() -> None:
    mine, shared, theirs = "1" * 64, "2" * 64, "3" * 64
    things = [
        Thing("container", "1", "x", stack=OWN, volumes=(mine, shared, "a_lab_test_content")),
        Thing("container", "2", "y", stack="b_lab_test", volumes=(shared, theirs)),
    ]
    assert anonymous_volumes(things, SCOPE) == {mine}
