"""A matrix: the longest recipe first, balanced parts, and *incomplete* if a run did not finish."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from robot.api import ExecutionResult

from ccci.budget.measured import Measured, measured, weight_by
from ccci.budget.places import BYTES_PER_SLOT
from ccci.errors import Misuse
from ccci.matrix import __main__ as command
from ccci.matrix.leftovers import leftovers_of
from ccci.matrix.outcome import (
    RecipeOutcome,
    outcome_of,
    read_outcome,
    summary,
    whole_of,
    write_outcome,
)
from ccci.matrix.plan import Entry, Shard, longest_first, shard_of
from ccci.matrix.report import OUTPUT, join
from ccci.node.state import ProcessIdentity
from ccci.project import PROJECT
from ccci.results.store import (
    RunFacts,
    RunResults,
    Verdict,
    prune_results,
    read_results,
    write_results,
)
from ccci.teardown.cutoff import report_cut_off
from ccci.teardown.journal import Journal

GIB = 1024**3
MATRIX_FIELDS = {
    "verdict", "matrix", "shards", "seconds", "planned", "recipes", "not_finished", "not_run",
    "problems", "overhead_cpu_seconds",
}  # fmt: skip
RECIPE_FIELDS = {
    "recipe", "verdict", "seconds", "waited_seconds", "run", "reason", "versions", "stages",
    "stage_seconds", "opt_outs", "peak_memory_bytes", "overhead_cpu_seconds",
}  # fmt: skip


def ran(
    project: Path,
    recipe: str,
    number: int,
    verdict: Verdict,
    seconds: float,
    peak_memory_bytes: int | None = None,
    waited_seconds: float = 0.0,
) -> Path:
    facts = RunFacts(
        f"20260101-00000{number}-aaaa", recipe, head="abc", head_release="1.1.0+2",
        upgraded_from="1.0.0+2", abra="abra 0.13", opt_outs={"backup": "it keeps nothing at all"},
        stage_seconds={"install": 4.5}, matrix=f"m{number}", waited_seconds=waited_seconds,
    )  # fmt: skip
    results = RunResults(
        facts, verdict, {"install": verdict}, {}, seconds,
        peak_memory_bytes=peak_memory_bytes, overhead_cpu_seconds=1.5,
    )  # fmt: skip
    folder = project / "results" / recipe / facts.run_id
    write_results(folder, results)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for recipe in ("shop", "forum", "wiki"):
        (tmp_path / "suites" / recipe).mkdir(parents=True)
        (tmp_path / "recipes" / recipe).mkdir(parents=True)
        (tmp_path / "recipes" / recipe / "recipe.toml").write_text("weight = 2\n")
    (tmp_path / "recipes" / "wiki" / "recipe.toml").write_text('requires = ["forum"]\n')
    (tmp_path / "suites" / "generic").mkdir()
    ran(tmp_path, "shop", 1, "passed", 60, 3 * GIB)
    ran(tmp_path, "shop", 2, "failed", 5, 9 * GIB)
    ran(tmp_path, "shop", 3, "passed", 50, 2 * GIB)
    ran(tmp_path, "forum", 1, "passed", 300)
    return tmp_path


def output_of(folder: Path, recipe: str, test: str = "Reading    Log    hello") -> Path:
    """Run a recipe's suite with Robot and return its output."""
    suite = folder / "suites" / recipe
    suite.mkdir(parents=True, exist_ok=True)
    name, _, step = test.partition("    ")
    (suite / "1__install.robot").write_text(f"*** Test Cases ***\n{name}\n    {step}\n")
    robot = [sys.executable, "-m", "robot", "--log", "NONE", "--report", "NONE"]
    output = folder / f"{recipe}.xml"
    subprocess.run(
        [*robot, "--metadata", f"Run:of {recipe}", "--output", str(output), str(suite.parent)],
        stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return output


def test_recipes_without_measured_time_and_long_ones_come_first(project: Path) -> None:
    assert [entry.recipe for entry in longest_first(project, [])] == ["wiki", "forum", "shop"]
    assert [entry.recipe for entry in longest_first(project, ["shop", "shop"])] == ["shop"]
    with pytest.raises(Misuse, match=r"'mail' is not enrolled\. Enrolled are: forum, shop, wiki"):
        longest_first(project, ["mail"])


def test_the_weight_includes_dependencies(project: Path) -> None:
    weights = {entry.recipe: entry.weight for entry in longest_first(project, [])}
    assert weights == {"wiki": 3, "forum": 2, "shop": 2}


def test_only_passed_runs_count_for_measured_values(project: Path) -> None:
    assert measured(project, "shop") == Measured(50, 3 * GIB)
    assert measured(project, "forum") == Measured(300, None)
    assert measured(project, "wiki") == Measured()


def test_the_wait_for_places_does_not_count_as_duration_of_a_recipe(project: Path) -> None:
    folder = ran(project, "shop", 4, "passed", 370, waited_seconds=300)
    assert measured(project, "shop").seconds == 70
    assert [one.recipe for one in longest_first(project, ["shop", "forum"])] == ["forum", "shop"]
    outcome = outcome_of(project, "shop", "m4")
    assert (outcome.seconds, outcome.waited_seconds) == (370, 300)

    older = json.loads((folder / "results.json").read_text())
    del older["facts"]["waited_seconds"]
    (folder / "results.json").write_text(json.dumps(older))
    assert measured(project, "shop").seconds == 370
    read = read_results(folder)
    assert read and (read.seconds, read.facts.waited_seconds) == (370, 0)


@pytest.mark.parametrize(
    ("declared", "peak", "weight"),
    [
        (2, None, 2),
        (2, BYTES_PER_SLOT, 2),
        (1, BYTES_PER_SLOT, 1),
        (1, BYTES_PER_SLOT + 1, 2),
        (1, 99 * BYTES_PER_SLOT, 4),
        (9, 99 * BYTES_PER_SLOT, 9),
    ],
)
def test_measured_memory_increases_the_weight_up_to_all_places(
    declared: int, peak: int | None, weight: int
) -> None:
    assert weight_by(declared, peak, slots=4) == weight


def test_parts_are_balanced_complete_and_disjoint() -> None:
    entries = [
        Entry(name, weight=weight)
        for name, weight in zip("fedcba", (1, 2, 3, 4, 5, 9), strict=True)
    ]
    parts = [shard_of(entries, Shard(number, 3)) for number in (1, 2, 3)]
    assert sorted(entry.recipe for part in parts for entry in part) == list("abcdef")
    assert [sum(entry.weight for entry in part) for part in parts] == [9, 8, 7]
    # Within a part the longest recipe still comes first.
    assert [entry.recipe for entry in parts[2]] == ["d", "c"]


def test_parts_do_not_depend_on_measured_times() -> None:
    here = [Entry("a", 900.0, 2), Entry("b", 5.0, 1), Entry("c", 1.0, 1)]
    there = [Entry("c", 700.0, 1), Entry("b", 6.0, 1), Entry("a", 2.0, 2)]
    for number in (1, 2):
        names = [
            {entry.recipe for entry in shard_of(all_of, Shard(number, 2))}
            for all_of in (here, there)
        ]
        assert names[0] == names[1]


@pytest.mark.parametrize("text", ["4/3", "0/3", "1", "a/b", "", "1/", "-1/3"])
def test_an_invalid_part_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match="1/3"):
        Shard.parse(text)


def test_a_recipe_that_did_not_finish_is_incomplete(project: Path) -> None:
    outcomes = [outcome_of(project, "shop", "m1"), outcome_of(project, "forum", "m9")]
    assert [outcome.verdict for outcome in outcomes] == ["passed", "incomplete"]
    folder = project / "results" / "matrix" / "m"
    whole = whole_of("m", ["1/1"], ["shop", "forum"], outcomes, 1.0, 0.5)
    write_outcome(folder, whole)
    written = json.loads((folder / "results.json").read_text())
    assert written["verdict"] == "incomplete"
    assert written["not_finished"] == ["forum"]
    assert written["recipes"][1]["reason"] == "it did not finish"
    assert "Did not finish: forum" in summary(whole, folder)


def open_when_read(pipe: Path, reader: "Future[Any]") -> int:
    """Open a pipe for writing as soon as it is being read; fail if the reader ends instead."""
    while True:
        ended = reader.done()
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO and not ended, "the pipe was not read"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "read",
    [lambda project: outcome_of(project, "shop", "m1"), lambda project: measured(project, "shop")],
)
def test_results_that_are_removed_while_they_are_read_are_skipped(
    project: Path, read: Callable[[Path], RecipeOutcome | Measured]
) -> None:
    # The reader waits at the pipe of the newest results; it has listed the older ones by then.
    runs = project / "results" / "shop"
    newest = ran(project, "shop", 4, "failed", 5) / "results.json"
    text = newest.read_text()
    newest.unlink()
    os.mkfifo(newest)
    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read, project)
        with open(open_when_read(newest, reader), "w") as pipe:
            assert len(prune_results(runs, keep=1)) == 3
            pipe.write(text)
    assert reader.result(timeout=10) in (
        RecipeOutcome("shop", "incomplete", reason="it did not finish"),
        Measured(),
    )


def test_results_are_found_in_the_folder_of_the_environment(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = tmp_path / "apart"
    apart.mkdir()
    (project / "results" / "shop").rename(apart / "shop")
    assert outcome_of(project, "shop", "m1").verdict == "incomplete"
    monkeypatch.setenv("CCCI_RESULTS_DIR", str(apart))
    found = outcome_of(project, "shop", "m1")
    assert found.verdict == "passed"
    assert (project / found.run / "results.json").is_file()


def test_all_fields_of_results_json_of_a_matrix(project: Path) -> None:
    outcome = outcome_of(project, "shop", "m1")
    folder = project / "results" / "matrix" / "m"
    write_outcome(folder, whole_of("m", ["1/1"], ["shop"], [outcome], 61.234, 0.5))
    written = json.loads((folder / "results.json").read_text())
    assert set(written) == MATRIX_FIELDS
    assert (written["verdict"], written["overhead_cpu_seconds"]) == ("passed", 2.0)
    recipe = written["recipes"][0]
    assert set(recipe) == RECIPE_FIELDS
    assert recipe["versions"] == {
        "head": "abc", "head_release": "1.1.0+2", "upgraded_from": "1.0.0+2", "abra": "abra 0.13",
    }  # fmt: skip
    assert recipe["stages"] == {"install": "passed"}
    assert recipe["stage_seconds"] == {"install": 4.5}
    assert recipe["opt_outs"] == {"backup": "it keeps nothing at all"}
    assert recipe["peak_memory_bytes"] == 3 * GIB
    assert read_outcome(folder).recipes == [outcome]


def test_results_that_a_reaper_wrote_are_incomplete(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    run = Journal.open("20260101-000009-aaaa", "wiki", ProcessIdentity.of(os.getpid()))
    folder = project / "results" / "wiki" / run.run_id
    folder.mkdir(parents=True)
    run.record("results", str(folder))
    run.record("matrix", "m9")
    report_cut_off(run)
    outcome = outcome_of(project, "wiki", "m9")
    assert (outcome.verdict, outcome.run) == ("incomplete", f"results/wiki/{run.run_id}")
    assert "process ended before the run did" in outcome.reason


def test_a_failure_that_was_seen_stays_one_whatever_ends_the_process(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    run = Journal.open("20260101-000009-aaaa", "wiki", ProcessIdentity.of(os.getpid()))
    folders = [project / "results" / "wiki" / name for name in (run.run_id, "attached")]
    for folder in folders:
        folder.mkdir(parents=True)
        run.record("results", str(folder))
    run.record("failed", "The Page Is Served", results=str(folders[0]))
    report_cut_off(run)
    mine, attached = (read_results(folder) for folder in folders)
    assert mine and mine.verdict == "failed" and "'The Page Is Served' had failed" in mine.reason
    assert attached and attached.verdict == "incomplete"


def test_a_killed_process_is_a_failed_test_in_the_report(project: Path) -> None:
    good = output_of(project, "shop")
    cut = project / "cut.xml"
    cut.write_text(good.read_text()[:400])
    folder = project / "report"
    absent = join(folder, [good, cut], {"shop": "", "forum": "it did not finish"})
    assert absent == ["forum"]
    root = ExecutionResult(str(folder / OUTPUT)).suite
    assert {suite.name: suite.status for suite in root.suites} == {"Shop": "PASS", "Forum": "FAIL"}
    assert root.suites[0].metadata["Run"] == "of shop"
    assert root.suites[1].tests[0].message == "it did not finish"
    for name in ("log.html", "report.html", "xunit.xml"):
        assert (folder / name).stat().st_size > 0
    assert 'failures="1"' in (folder / "xunit.xml").read_text()


def test_there_is_a_report_even_if_all_processes_were_killed(tmp_path: Path) -> None:
    assert join(tmp_path, [], {"shop": "it did not finish"}) == ["shop"]
    assert ExecutionResult(str(tmp_path / OUTPUT)).suite.statistics.failed == 1


def test_the_matrix_waits_for_its_own_runs_to_be_torn_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    for number, recipe, matrix in ((1, "shop", "m1"), (2, "forum", "m1"), (3, "wiki", "m2")):
        run = Journal.open(f"2026010{number}-000009-aaaa", recipe, ProcessIdentity.of(os.getpid()))
        run.record("matrix", matrix)
    Journal.load("20260102-000009-aaaa").closed("incomplete", ["volume forum_data"])
    assert leftovers_of("m1", within_seconds=0.3) == {
        "forum": "left over: volume forum_data",
        "shop": "run 20260101-000009-aaaa is not torn down yet",
    }
    Journal.load("20260101-000009-aaaa").closed("incomplete")
    assert leftovers_of("m1", within_seconds=0.3) == {"forum": "left over: volume forum_data"}


def test_a_matrix_with_leftovers_is_incomplete(project: Path) -> None:
    outcome = outcome_of(project, "shop", "m1")
    whole = whole_of("m", ["1/1"], ["shop"], [outcome], 1, 0, problems=["shop: left over: a"])
    assert whole.verdict == "incomplete"
    assert "shop: left over: a" in summary(whole, project)


def matrix(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccci.matrix", *arguments],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": "."},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-recipe"], "'no-such-recipe' is not enrolled. Enrolled are: "),
        (["custom-html", "--shard", "4/3"], "There is no part 4 of 3"),
        (
            ["custom-html", "--shard", "2/2"],
            "Part 2/2 has no recipe: there are more parts than recipes.",
        ),
        (["custom-html", "--output", "libraries"], "libraries is not empty: name a folder"),
    ],
)
def test_bad_input_is_refused_before_anything_is_created(
    arguments: list[str], message: str
) -> None:
    done = matrix(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_results_without_output_are_incomplete(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PROJECT", project)
    entries = [Entry("shop"), Entry("forum")]
    output_of(project, "shop").rename(
        project / "results" / "shop" / "20260101-000001-aaaa" / OUTPUT
    )
    outcome = command._report(
        project / "m", "m1", Shard(), ["forum", "shop"], entries, started=0.0, problems={}
    )
    assert [one.verdict for one in outcome.recipes] == ["passed", "incomplete"]
    assert outcome.not_finished == ["forum"]
    assert outcome.verdict == "incomplete"
