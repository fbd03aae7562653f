"""abra, called: which commands deploy, and what is counted."""

import stat
import time
from pathlib import Path

import pytest

from ccci.deploy.abra import Abra, AbraResult
from ccci.errors import NodeFailure, RecipeFailure
from ccci.loop.variables import is_reserved

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


@pytest.mark.parametrize(
    "command",
    [["app", "restart", WIKI, "app"], ["app", "restore", WIKI, "-s", "12345678"]],
    ids=["plain", "in a terminal"],
)
def test_a_crash_loop_ends_the_wait_for_abra(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccci.deploy.abra._EVERY_SECONDS", 0.05)
    program = tmp_path / "abra"
    program.write_text(f"#!/bin/sh\ncd {tmp_path}\necho $$ > new\nmv new process\nexec sleep 300\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    process = tmp_path / "process"

    def crash_loop() -> None:
        if process.exists():
            raise RecipeFailure("Service app crash-loops")

    begun = time.monotonic()
    with pytest.raises(RecipeFailure, match=r"^Service app crash-loops$"):
        Abra(program, tmp_path)(*command, meanwhile=crash_loop)
    assert time.monotonic() - begun < 60
    assert not Path(f"/proc/{process.read_text().strip()}").exists()


@pytest.mark.parametrize("command", [["app", "ps", WIKI], ["recipe", "lint", "wiki"]])
def test_abra_is_not_waited_for_longer_than_it_may_take(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccci.deploy.abra._EVERY_SECONDS", 0.05)
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\nexec sleep 300\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(NodeFailure, match=r"did not end within 0\.2 s and was killed"):
        Abra(program, tmp_path)(*command, within_seconds=0.2)


@pytest.mark.parametrize("command", [["app", "ps", WIKI], ["app", "run", WIKI, "app", "--", "ls"]])
def test_an_abra_that_is_gone_is_no_fault_of_the_recipe(command: list[str], tmp_path: Path) -> None:
    with pytest.raises(NodeFailure, match=r"abra cannot be started: .*/gone: No such file"):
        Abra(tmp_path / "gone", tmp_path)(*command)


BACKUP = ["app", "backup", "create", WIKI, "-n", "-o", "-C"]
NO_LABELS = f"backup of {WIKI} failed: wiki_lab_test has no backup labels"


def failed(stdout: str, stderr: str = "", code: int = 1, expected: int = 0) -> str:
    result = AbraResult("abra " + " ".join(BACKUP), code, stdout, stderr, 1.0)
    error = Abra.failure(BACKUP, result, expected)
    assert isinstance(error, RecipeFailure)
    return str(error)


COMMAND = f"'abra app backup create {WIKI} -n -o -C' ended with exit code"


def test_a_failure_begins_with_the_reason() -> None:
    assert failed(f"error: {NO_LABELS}\r\n") == f"{NO_LABELS}. {COMMAND} 1."
    assert failed("", "WARN no domain\nFATA deploy timed out\n") == (
        f"deploy timed out. {COMMAND} 1. Its other lines: WARN no domain"
    )


def test_what_follows_the_reason_is_told_after_it() -> None:
    told = failed(f"reading\nerror: {NO_LABELS}.\nusage: backup\n")
    assert told == f"{NO_LABELS}. {COMMAND} 1. Its other lines: reading | usage: backup"


def test_without_a_reason_the_last_line_is_taken() -> None:
    lines = [f"line {number}" for number in range(9)]
    assert failed("\n".join(lines)) == (
        f"line 8. {COMMAND} 1. Its other lines: line 3 | line 4 | line 5 | line 6 | line 7"
    )


def test_a_command_that_wrote_nothing_or_did_not_fail() -> None:
    assert failed("\n") == f"{COMMAND} 1 and wrote nothing."
    assert failed("all is well\n", code=0, expected=1) == (
        f"{COMMAND} 0 instead of 1. Its last lines: all is well"
    )


@pytest.mark.parametrize("command", ["app ls", "app volume rm"])
def test_nothing_of_the_environment_of_whoever_deploys_reaches_abra(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What abra does get has names that no compose file may use; see the judge of pull requests."""
    secret = "of-the-operator"
    theirs = ["https_proxy", "SSH_AUTH_SOCK", "AWS_SECRET_ACCESS_KEY", "DOCKER_AUTH_CONFIG"]
    theirs += ["DOCKER_CUSTOM_HEADERS", "CCCI_FORGE_TOKEN", "FORGE_TOKEN", "WHATEVER"]
    for name in theirs:
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("DOCKER_CONFIG", "/kept")
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\nexec env\n")
    program.chmod(0o700)
    said = Abra(program, tmp_path)(*command.split()).stdout
    assert secret not in said
    assert "DOCKER_CONFIG=/kept" in said
    fixed = {"LC_ALL", "NO_COLOR", "PWD", "SHLVL", "_"}
    seen = {line.partition("=")[0] for line in said.splitlines()} - fixed
    assert {"PATH", "HOME", "ABRA_DIR"} <= seen
    assert all(is_reserved(name) for name in seen), seen
