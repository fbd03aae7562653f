"""abra, called: which commands deploy, and what is counted."""

import stat
from pathlib import Path

import pytest

from ccci.deploy.abra import Abra
from ccci.errors import NodeFailure

WIKI, OWN = "wiki-pr0-1234567.lab.test", "wiki-ab12-2.lab.test"
TRUE, FALSE = Path("/bin/true"), Path("/bin/false")


@pytest.fixture
def abra(tmp_path: Path) -> Abra:
    return Abra(TRUE, tmp_path)


@pytest.mark.parametrize("program", [TRUE, FALSE])
@pytest.mark.parametrize(
    "command",
    [
        ["app", "deploy", WIKI, "-C", "-n", "-o", "-D", "-c", "-f"],
        ["app", "deploy", "-C", "-f", WIKI],
        ["--debug", "app", "-n", "deploy", WIKI, "1.0.0+2.0"],
        ["app", "upgrade", WIKI, "1.0.0+2.0"],
        ["app", "rollback", "-f", WIKI],
        ["a", "d", WIKI],
    ],
    ids=" ".join,
)
def test_abra_counts_what_deploys(command: list[str], program: Path, tmp_path: Path) -> None:
    abra = Abra(program, tmp_path)
    abra(*command, check=False)
    assert abra.deployments_of(WIKI) == 1
    assert abra.deployments_of(OWN) == 0
    abra(*command, check=False)
    assert abra.deployments_of(WIKI) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["app", "undeploy", WIKI, "-n"],
        ["app", "restart", WIKI, "app"],
        ["app", "restore", WIKI, "-s", "12345678"],
        ["app", "run", WIKI, "app", "--", "deploy", WIKI],
        ["app", "cmd", WIKI, "app", "upgrade"],
        ["recipe", "upgrade", "wiki"],
        ["app", "deploy"],
    ],
    ids=" ".join,
)
def test_abra_counts_nothing_else(command: list[str], abra: Abra) -> None:
    abra(*command)
    assert abra.deployments_of(WIKI) == 0


def test_a_deployment_that_was_killed_may_be_made_again(tmp_path: Path) -> None:
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    abra = Abra(program, tmp_path)
    with pytest.raises(NodeFailure, match="was killed by signal 9"):
        abra("app", "deploy", WIKI)
    assert abra.deployments_of(WIKI) == 0
