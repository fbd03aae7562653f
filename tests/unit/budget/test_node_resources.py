"""The nodes of a Swarm are counted together, as far as new apps may land there."""

from typing import Any

import pytest

from ccci.budget.node_resources import Resources, together

MANAGER, WORKER, OTHER = (
    "v4huukbgc6ofwnszw14af8nv4",
    "le0prgdxdxj6o0etvzpp7grzx",
    "0kash0mo9ag297x09i7sqtvcr",
)
EIGHT_GIB = 8589934592


def node(
    identity: str, memory: int, nano: int, availability: str = "active", state: str = "ready"
) -> dict[str, Any]:
    """Give what `docker node inspect` of Docker 20.10 says of a node, labels and plugins left out.

    Those of a Swarm with a manager and two workers looked like this.
    """
    manager = identity == MANAGER
    leader = {"Leader": True, "Reachability": "reachable", "Addr": "10.77.0.1:2377"}
    return {
        "ID": identity,
        "Version": {"Index": 25},
        "CreatedAt": "2026-11-25T13:23:52.458882013Z",
        "UpdatedAt": "2026-11-25T13:24:08.369280813Z",
        "Spec": {
            "Labels": {},
            "Role": "manager" if manager else "worker",
            "Availability": availability,
        },
        "Description": {
            "Hostname": "vm",
            "Platform": {"Architecture": "x86_64", "OS": "linux"},
            "Resources": {"NanoCPUs": nano, "MemoryBytes": memory},
            "Engine": {"EngineVersion": "20.10.24+dfsg1"},
        },
        "Status": {"State": state, "Addr": "10.77.0.1"}
        | ({"Message": "heartbeat failure"} if state == "down" else {}),
    } | ({"ManagerStatus": leader} if manager else {})


def test_memory_and_cores_of_all_nodes_are_summed() -> None:
    nodes = [
        node(MANAGER, 25276502016, 2_000_000_000),
        node(WORKER, EIGHT_GIB, 4_000_000_000),
        node(OTHER, EIGHT_GIB, 1_000_000_000),
    ]
    assert together(nodes, MANAGER) == Resources(25276502016 + 2 * EIGHT_GIB, 7)


@pytest.mark.parametrize(
    ("availability", "state"),
    [
        ("drain", "ready"),
        ("pause", "ready"),
        ("active", "down"),
        ("active", "unknown"),
        ("active", "disconnected"),
    ],
)
def test_a_node_that_takes_no_new_tasks_does_not_count(availability: str, state: str) -> None:
    away = node(OTHER, EIGHT_GIB, 4_000_000_000, availability, state)
    here = node(MANAGER, EIGHT_GIB, 2_000_000_000)
    two = [here, node(WORKER, EIGHT_GIB, 2_000_000_000)]
    assert together([*two, away], MANAGER) == Resources(2 * EIGHT_GIB, 4)
    assert together([here, away], MANAGER) is None


def test_a_drained_manager_does_not_count_for_its_workers() -> None:
    nodes = [
        node(MANAGER, EIGHT_GIB, 2_000_000_000, "drain"),
        node(WORKER, 25276502016, 8_000_000_000),
    ]
    assert together(nodes, MANAGER) == Resources(25276502016, 8)


def test_without_other_nodes_this_machine_knows_itself() -> None:
    assert together([node(MANAGER, EIGHT_GIB, 2_000_000_000)], MANAGER) is None
    assert together([node(MANAGER, EIGHT_GIB, 2_000_000_000, "drain")], MANAGER) is None
