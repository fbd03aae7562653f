"""A run with a dependency: one that fails takes no other test with it, and none stays behind."""

import json
import re
import signal
from pathlib import Path

import pytest

from ccci.budget.places import Budget, default_slots
from ccci.node.state import state_dir
from ccci.teardown.journal import Journal
from tests.lab.suite_runs import (
    RESULTS,
    copied_project,
    leftovers_of,
    start_suite,
    start_suite_of,
    wait_until_reaped,
)

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

NOT_THERE = "Incomplete: The dependency 'keycloak' did not deploy: "


def test_without_its_provider_the_app_is_tested_all_the_same(tmp_path: Path) -> None:
    project = copied_project(tmp_path)
    settings = project / "recipes" / "keycloak" / "recipe.toml"
    words = settings.read_text()
    never = re.sub(r"health_path = .*", 'health_path = "/nowhere"', words)
    never = re.sub(r"timeout_seconds = .*", "timeout_seconds = 120", never)
    assert '"/nowhere"' in never and "= 120" in never
    settings.write_text(never)

    run = start_suite_of(project, "gitea", "--suite", "install", "--suite", "functional")

    assert run.finish(600) != 0
    found = run.results("gitea")
    assert found["stages"]["install"] == "passed", run.output
    assert found["stages"]["functional"] == "incomplete", run.output
    assert found["verdict"] == "incomplete"
    assert found["tests"]["passed"] > 4, run.output
    assert run.output.count("dependency keycloak did not deploy") == 1
    told = [line for line in run.output.splitlines() if NOT_THERE in line]
    assert told and all("/nowhere" in line for line in told), run.output
    logs = list((RESULTS / "gitea" / run.run_id / "services").glob("keycloak-*/app.log"))
    assert len(logs) == 1 and "Keycloak" in logs[0].read_text()
    assert leftovers_of(run.stack, run.run_id) == []


def test_two_dependencies_come_up_side_by_side(tmp_path: Path) -> None:
    project = copied_project(tmp_path)
    settings = project / "recipes" / "custom-html" / "recipe.toml"
    settings.write_text('test_requires = ["keycloak", "gitea"]\n' + settings.read_text())

    run = start_suite_of(project, "custom-html", "--suite", "install")

    run.wait_for_words("deploying keycloak-")
    holders = Budget(default_slots()).holders()
    assert run.finish(600) == 0, run.output
    # 1 of custom-html, 2 of keycloak, 1 of gitea.
    held = [one.weight for one in holders if one.holds and one.who.endswith(run.run_id)]
    assert len(held) == 1 and held[0] >= 4, holders
    said = run.output
    first_up = said.index("converged in")
    assert (
        said.index("deploying keycloak-") < first_up and said.index("deploying gitea-") < first_up
    )
    assert said.index("deploying custom-html-pr0-") > said.index("converged in", first_up + 1)
    assert leftovers_of(run.stack, run.run_id) == []


@pytest.mark.parametrize(
    "words", ["deploying keycloak-", "deploying gitea-pr0-", "The App Answers Over TLS"]
)
def test_killed_it_leaves_nothing_of_its_dependency(words: str) -> None:
    run = start_suite("--suite", "install", "suites/gitea")
    run.wait_for_words(words)
    run.kill(signal.SIGKILL)
    assert run.finish() == -signal.SIGKILL
    wait_until_reaped(run.run_id, within_seconds=150)
    stacks = Journal.load(run.run_id).stacks()
    assert any(one.startswith("keycloak-") for one in stacks), stacks
    assert leftovers_of(run.stack, run.run_id) == []
    reaped = json.loads((state_dir() / "runs" / run.run_id / "reaped.json").read_text())
    services = [one for one in reaped["removed"] if one.startswith("service ")]
    needed = ["keycloak-" in one for one in services]
    assert needed == sorted(needed), f"who needs keycloak goes before it: {services}"
    assert (False in needed) is (words == "The App Answers Over TLS"), services
