"""What the lab's Swarm of one node says of its memory and cores is what the machine says."""

from contextlib import closing

import docker
import pytest

from ccci.budget.node_resources import available, this_machine, together

pytestmark = pytest.mark.lab


def test_the_one_node_of_the_lab_has_what_the_machine_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(docker.from_env()) as client:
        nodes = client.api.nodes()
    assert len(nodes) == 1
    # Seen from elsewhere it is another node, and so is counted by what Docker says of it.
    assert together(nodes, "another-node") == this_machine()
    assert available() == this_machine()
    assert caplog.text == ""
