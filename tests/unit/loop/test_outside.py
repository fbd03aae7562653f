"""The files in docs/ that put the loop, or what replaces it, onto other programs: their syntax.

None of these programs is at hand. What a file calls of this project is tried as far as `make -n`.
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
def test_a_pull_request_is_judged_and_then_run(name: str) -> None:
    commands = commands_of(name)
    ours = [one for one in commands if "make " in one]
    assert [word in one for word, one in zip(COMMANDS, ours, strict=True)] == [True, True]
    for command in ours:
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
        # What is judged is what is run.
        assert f"HEAD:{'a' * 40}" in done.stdout or f'--head "{"a" * 40}"' in done.stdout
        if "make run" in command:
            assert "PR:7" in done.stdout


def test_the_release_before_is_there_to_be_judged_and_upgraded_from() -> None:
    assert commands_of("drone.yml")[0] == "git fetch --tags"
    flow = yaml.safe_load((CI / "gitea-actions.yml").read_text(encoding="utf-8"))
    assert flow["jobs"]["test"]["steps"][0]["with"]["fetch-depth"] == 0


def test_there_is_no_other_file() -> None:
    assert {path.name for path in CI.glob("*.yml")} == {"drone.yml", "gitea-actions.yml"}


def test_the_service_starts_what_there_is() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((PROJECT / "docs" / "ccci-poller.service").read_text(encoding="utf-8"))
    words = unit["Service"]["ExecStart"].split()
    assert words[:3] == ["/opt/ccci/.venv/bin/python", "-m", "ccci.loop"]
    assert CliRunner().invoke(main, [*words[3:], "--help"]).exit_code == 0
    assert unit["Service"]["KillMode"] == "process", "runs go on while the poller is exchanged"
