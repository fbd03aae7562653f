"""A run in which something deploys beside the stages is red, however well the app stands it."""

from pathlib import Path

import pytest

from tests.lab.suite_runs import copied_project, leftovers_of, start_suite_of

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

A_TEST = """
Once More Over The Running App
    ${app}=    The App
    Abra    app    deploy    ${app.domain}    -C    -f    -n    -o    -D    -c
    The App Should Be Healthy
"""


def test_a_test_that_deploys_for_itself_is_noticed(tmp_path: Path) -> None:
    project = copied_project(tmp_path)
    with (project / "suites" / "custom-html" / "2__functional.robot").open("a") as suite:
        suite.write(A_TEST)

    run = start_suite_of(project, "custom-html")

    assert run.finish() != 0
    stages = run.results()["stages"]
    assert [stage for stage, verdict in stages.items() if verdict != "passed"] == ["teardown"]
    assert stages["teardown"] == "failed", run.output
    assert (
        "Expected 4 deployments of the app under test in a full run, 3 of them cold; 5 were made, "
        "3 of them cold."
    ) in run.output
    assert leftovers_of(run.stack, run.run_id) == []
