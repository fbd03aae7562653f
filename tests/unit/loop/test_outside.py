"""The files in docs/ for CI engines and for systemd: their syntax, and the commands they call.

None of these programs is installed here. The commands of this project are tried with `make -n`.
"""

import configparser
import os
import subprocess
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from ccci.loop.__main__ import main
from ccci.project import PROJECT

CI = PROJECT / "docs" / "ci" / "pull-request"
COMMANDS = ("make vet ", "make run ")
VARIABLES = {
    "CCCI_PROJECT": str(PROJECT),
    "DRONE_WORKSPACE": "/workspace",
    "DRONE_COMMIT": "a" * 40,
    "DRONE_PULL_REQUEST": "7",
    "GITHUB_WORKSPACE": "/workspace",
}


def commands_of(name: str) -> list[str]:
    (flow,) = yaml.safe_load_all((CI / name).read_text(encoding="utf-8"))
    steps: list[dict[str, Any]] = (
        flow["steps"] if "steps" in flow else flow["jobs"]["test"]["steps"]
    )
    return [
        command
        for step in steps
        for command in (step.get("commands") or [step.get("run", "")])
        if command
    ]


@pytest.mark.parametrize("name", ["drone.yml", "gitea-actions.yml"])
def test_a_pull_request_is_checked_and_then_run(name: str) -> None:
    commands = commands_of(name)
    own = [one for one in commands if "make " in one]
    assert [start in one for start, one in zip(COMMANDS, own, strict=True)] == [True, True]
    for command in own:
        dry = command.replace("make ", "make --no-print-directory -n ")
        for expression, value in (("head.sha", "a" * 40), ("number", "7")):
            dry = dry.replace(f"${{{{ github.event.pull_request.{expression} }}}}", value)
        assert "${{" not in dry
        done = subprocess.run(
            ["bash", "-eu", "-c", dry],
            env={**os.environ, **VARIABLES}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "RECIPE_SOURCE:/workspace" in done.stdout or "/workspace" in done.stdout
        # The commit that is checked is the commit that is run.
        assert f"HEAD:{'a' * 40}" in done.stdout or f'--commit "{"a" * 40}"' in done.stdout
        if "make run" in command:
            assert "PR:7" in done.stdout


def test_tags_are_fetched_because_the_previous_release_is_needed() -> None:
    assert commands_of("drone.yml")[0] == "git fetch --tags"
    flow = yaml.safe_load((CI / "gitea-actions.yml").read_text(encoding="utf-8"))
    assert flow["jobs"]["test"]["steps"][0]["with"]["fetch-depth"] == 0


def test_all_files_are_tested() -> None:
    assert {path.name for path in CI.glob("*.yml")} == {"drone.yml", "gitea-actions.yml"}


def test_the_service_starts_an_existing_command() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((PROJECT / "docs" / "ccci-poller.service").read_text(encoding="utf-8"))
    command = unit["Service"]["ExecStart"].split()
    assert command[:3] == ["/opt/ccci/.venv/bin/python", "-m", "ccci.loop"]
    assert CliRunner().invoke(main, [*command[3:], "--help"]).exit_code == 0
    assert unit["Service"]["KillMode"] == "process", "runs go on while the poller restarts"
