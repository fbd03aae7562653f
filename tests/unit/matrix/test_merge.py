"""Merging the parts of a matrix from several machines; everything that is missing is named."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from robot import result as robots
from robot.api import ExecutionResult, TestSuite

from ccci.errors import Misuse
from ccci.matrix.merge import merge
from ccci.matrix.outcome import RecipeOutcome, read_outcome, whole_of, write_outcome
from ccci.matrix.report import OUTPUT, ROOT, suite_name
from ccci.project import PROJECT
from ccci.results.store import Verdict

CI = PROJECT / "docs" / "ci"
ALL = ("forum", "shop", "wiki")


def part(
    folder: Path,
    shard: str,
    recipes: Sequence[str],
    planned: Sequence[str] = ALL,
    verdict: Verdict = "passed",
) -> Path:
    """Write the folder of one part of a matrix."""
    outcomes = [
        RecipeOutcome(one, verdict, 10.0, stages={"install": verdict}, overhead_cpu_seconds=2.0)
        for one in recipes
    ]
    write_outcome(folder, whole_of(folder.name, [shard], planned, outcomes, 30.0, 1.0))
    root = robots.TestSuite(name=ROOT)
    for recipe in recipes:
        suite = root.suites.create(name=suite_name(recipe))
        status = "PASS" if verdict == "passed" else "FAIL"
        suite.tests.create(name=f"{recipe} Works", status=status)
    robots.Result(suite=root).save(str(folder / OUTPUT))
    return folder


def test_parts_are_merged_into_one_report(tmp_path: Path) -> None:
    folders = [
        part(tmp_path / "1", "1/2", ["shop"]),
        part(tmp_path / "2", "2/2", ["forum", "wiki"]),
    ]
    outcome = merge(folders, tmp_path / "all")
    assert (outcome.verdict, outcome.shards) == ("passed", ["1/2", "2/2"])
    assert sorted(one.recipe for one in outcome.recipes) == list(ALL)
    assert (outcome.seconds, outcome.not_run, outcome.problems) == (30.0, [], [])
    assert outcome.overhead_cpu_seconds >= 8.0
    root = ExecutionResult(str(tmp_path / "all" / OUTPUT)).suite
    assert sorted(suite.name for suite in root.suites) == ["Forum", "Shop", "Wiki"]
    assert root.statistics.passed == 3
    for name in ("log.html", "report.html", "xunit.xml"):
        assert (tmp_path / "all" / name).stat().st_size > 0
    assert read_outcome(tmp_path / "all") == outcome


def test_a_missing_part_and_its_recipes_are_named(tmp_path: Path) -> None:
    outcome = merge([part(tmp_path / "1", "1/2", ["shop"])], tmp_path / "all")
    assert outcome.verdict == "incomplete"
    assert outcome.not_run == ["forum", "wiki"]
    assert outcome.problems == ["Part 2/2 is missing."]
    root = ExecutionResult(str(tmp_path / "all" / OUTPUT)).suite
    failed = {test.parent.name: test.message for test in root.all_tests if test.failed}
    assert failed == dict.fromkeys(["Forum", "Wiki"], "no part of the matrix ran this recipe")


def test_one_failed_recipe_makes_the_matrix_failed(tmp_path: Path) -> None:
    folders = [
        part(tmp_path / "1", "1/2", ["shop", "wiki"]),
        part(tmp_path / "2", "2/2", ["forum"], verdict="failed"),
    ]
    assert merge(folders, tmp_path / "all").verdict == "failed"


@pytest.mark.parametrize(
    ("shards", "planned", "problem"),
    [
        (("1/2", "1/2"), ALL, "Part 1/2 was given 2 times."),
        (("1/2", "2/3"), ALL, "The parts do not belong together: 1/2, 2/3."),
        (("1/2", "2/2"), ("forum", "wiki"), "planned from different lists"),
    ],
)
def test_parts_that_are_not_one_matrix_are_incomplete(
    tmp_path: Path, shards: tuple[str, str], planned: Sequence[str], problem: str
) -> None:
    folders = [
        part(tmp_path / "1", shards[0], ["shop"]),
        part(tmp_path / "2", shards[1], ["forum", "wiki"], planned),
    ]
    outcome = merge(folders, tmp_path / "all")
    assert outcome.verdict == "incomplete"
    assert problem in " ".join(outcome.problems)


def test_a_part_without_output_is_incomplete(tmp_path: Path) -> None:
    folder = part(tmp_path / "1", "1/1", ALL)
    (folder / OUTPUT).unlink()
    outcome = merge([folder], tmp_path / "all")
    assert outcome.verdict == "incomplete"
    assert "shop: its part has its results, but not its output.xml." in outcome.problems


def test_a_folder_that_is_not_a_part_of_a_matrix_is_refused(tmp_path: Path) -> None:
    good = part(tmp_path / "1", "1/1", ALL)
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "results.json").write_text('{"recipes": [{"surprise": 1}]}')
    for folders, message in (
        ([good, tmp_path / "nowhere"], "There is no folder .*nowhere: name the folders"),
        ([tmp_path / "empty"], "empty has no results.json"),
        ([tmp_path / "odd"], "is not the results.json of a matrix"),
        ([good, good], "named twice"),
    ):
        with pytest.raises(Misuse, match=message):
            merge(folders, tmp_path / "all")
        assert not (tmp_path / "all").exists()
    with pytest.raises(Misuse, match="is one of the parts"):
        merge([good], good)


@pytest.mark.parametrize(
    ("names", "code", "message"),
    [
        (("1", "2"), 0, "Matrix:  passed"),
        (("1",), 1, "Not run by any part: forum, wiki"),
        (("1", "nowhere"), 1, "There is no folder "),
    ],
)
def test_the_exit_code_and_the_output_of_the_command(
    tmp_path: Path, names: Sequence[str], code: int, message: str
) -> None:
    part(tmp_path / "1", "1/2", ["shop"])
    part(tmp_path / "2", "2/2", ["forum", "wiki"])
    done = subprocess.run(
        [sys.executable, "-m", "ccci.matrix.merge", *(str(tmp_path / name) for name in names),
         "--output", str(tmp_path / "all")],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": "."},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CI / name).read_text(encoding="utf-8")))


def test_drone_runs_three_parts_and_merges_them() -> None:
    *parts, join = documents("drone.yml")
    assert [one["kind"] for one in (*parts, join)] == ["pipeline"] * 4
    assert join["depends_on"] == [one["name"] for one in parts]
    assert set(join["trigger"]["status"]) == {"success", "failure"}
    commands = [" ".join(one["steps"][0]["commands"]) for one in parts]
    assert [f"SHARD={number}/3" in text for number, text in enumerate(commands, 1)] == [True] * 3
    assert "make merge FOLDERS=" in " ".join(join["steps"][0]["commands"])


def test_woodpecker_runs_three_parts_and_merges_them() -> None:
    (parts,) = documents("woodpecker.yml")
    (join,) = documents("woodpecker-merge.yml")
    assert parts["matrix"]["PART"] == [1, 2, 3]
    assert "SHARD=${PART}/3" in " ".join(parts["steps"][0]["commands"])
    assert join["depends_on"] == ["woodpecker"]
    assert set(join["runs_on"]) == {"success", "failure"}
    assert "make merge FOLDERS=" in " ".join(join["steps"][0]["commands"])


def test_gitea_actions_runs_three_parts_and_merges_them() -> None:
    (flow,) = documents("gitea-actions.yml")
    # YAML 1.1 reads the key `on` as true.
    assert flow[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    parts, join = flow["jobs"]["part"], flow["jobs"]["merge"]
    assert parts["strategy"] == {"fail-fast": False, "matrix": {"part": [1, 2, 3]}}
    runs = [step.get("run", "") for step in parts["steps"]]
    assert any("SHARD=${{ matrix.part }}/3" in run for run in runs)
    assert (join["needs"], join["if"]) == ("part", "always()")
    assert any("make merge FOLDERS=" in step.get("run", "") for step in join["steps"])


def test_all_files_for_ci_are_tested() -> None:
    names = {path.name for path in CI.glob("*.yml")}
    assert names == {"drone.yml", "gitea-actions.yml", "woodpecker.yml", "woodpecker-merge.yml"}


def test_results_json_of_a_merged_matrix_lists_recipes_that_were_not_run(tmp_path: Path) -> None:
    merge([part(tmp_path / "1", "1/2", ["shop"])], tmp_path / "all")
    written = json.loads((tmp_path / "all" / "results.json").read_text())
    assert (written["planned"], written["not_run"]) == (list(ALL), ["forum", "wiki"])


def test_suite_names_are_those_of_robot() -> None:
    """With a name that Robot does not know, pabot runs the files of a recipe one by one."""
    for folder in sorted((PROJECT / "suites").iterdir()):
        if (folder / "__init__.robot").exists():
            assert suite_name(folder.name) == TestSuite.from_file_system(folder).name
