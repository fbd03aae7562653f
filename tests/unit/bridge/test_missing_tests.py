"""A run of fewer tests than the suite has is incomplete, however they went missing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from robot import run_cli
from robot.api import ExecutionResult

from ccci.bridge.judgement import Disturbance, Judgement, judge
from ccci.bridge.verdicts import passed_tests
from ccci.results.levels import level_of
from ccci.results.pinned_tests import Pinned, pinned_text
from ccci.results.store import DOCKER_GONE, RunFacts
from ccci.stage_names import STAGES

LIBRARY = """\
from robot.api import SkipExecution

from ccci.bridge.failures import project_keyword
from ccci.errors import NodeFailure, RecipeFailure

class Begins:
    def enter(self, stage, opt_outs):
        if stage in opt_outs.split():
            raise SkipExecution("Opted out: There is nothing of that kind here.")

    @project_keyword()
    def node_fails(self):
        raise NodeFailure("No node has room.")

    @project_keyword()
    def promise_breaks(self):
        raise RecipeFailure("The page is gone.")
"""
INIT = """\
*** Settings ***
Library        ../../Begins.py
Suite Teardown    ${AT THE END}
"""
STAGE = """\
*** Settings ***
Library        ../../Begins.py
Suite Setup    Enter    {stage}    ${{OPT OUTS}}
*** Test Cases ***
The First Promise Of {title} Is Kept
    [Tags]    {stage}    first
    No Operation
The Second Promise Of {title} Is Kept
    [Tags]    {stage}    second
    {step}
"""
SECOND_OF_BACKUP = Pinned("5__backup", "The Second Promise Of Backup Is Kept")


class Shop:
    """A project with one suite of two tests in each stage."""

    def __init__(self, root: Path) -> None:
        self.root, self.suite = root, root / "suites" / "shop"
        self.suite.mkdir(parents=True)
        (root / "Begins.py").write_text(LIBRARY)
        (self.suite / "__init__.robot").write_text(INIT)
        for stage in STAGES:
            self.write(stage)
        self.pin()

    def path(self, stage: str) -> Path:
        return self.suite / f"{STAGES.index(stage) + 1}__{stage}.robot"

    def write(self, stage: str, step: str = "No Operation") -> None:
        self.path(stage).write_text(STAGE.format(stage=stage, title=stage.title(), step=step))

    def pin(self, *opted_out: str) -> None:
        tests = [
            Pinned(self.path(stage).stem, f"The {which} Promise Of {stage.title()} Is Kept")
            for stage in STAGES
            for which in ("First", "Second")
        ]
        (self.suite / "tests.txt").write_text(pinned_text(tests, opted_out))

    def run(
        self,
        *options: str,
        opt_outs: str = "",
        end: str = "No Operation",
        disturbed: datetime | None = None,
    ) -> Judgement:
        output = self.root / "output.xml"
        variables = ["--variable", f"OPT OUTS:{opt_outs}", "--variable", f"AT THE END:{end}"]
        written = ["--output", str(output), "--log", "NONE", "--report", "NONE"]
        written += ["--console", "none"]
        run_cli([*written, *variables, *options, str(self.suite)], exit=False)
        reasons = dict.fromkeys(opt_outs.split(), "There is nothing of that kind here.")
        facts = RunFacts("20260101-080000-ab12", "shop", opt_outs=reasons)
        between = Disturbance(disturbed, DOCKER_GONE) if disturbed else None
        return judge(ExecutionResult(str(output)).suite, facts, self.root / "suites", between)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_full_run_passes(shop: Shop) -> None:
    found = shop.run()
    assert (found.verdict, found.reason) == ("passed", "")
    assert set(found.stages.values()) == {"passed"}


def test_the_tests_that_passed_are_told_as_they_are_pinned(shop: Shop) -> None:
    shop.write("backup", "Promise Breaks")
    shop.write("upgrade", "Skip    Opted out: not today.")
    shop.run()
    pinned = (shop.suite / "tests.txt").read_text().splitlines()[1:]
    left_out = {str(SECOND_OF_BACKUP), "6__upgrade: The Second Promise Of Upgrade Is Kept"}
    passed = passed_tests(ExecutionResult(str(shop.root / "output.xml")).suite)
    assert passed == [name for name in pinned if name not in left_out]


@pytest.mark.parametrize(
    "options",
    [
        ["--exclude", "backupANDsecond"],
        ["--include", "first", "--include", "secondNOTbackup"],
        ["--skip", "backupANDsecond"],
        ["--test", "*First*", *(f"--test=*{stage}*" for stage in STAGES if stage != "backup")],
    ],
    ids=lambda options: options[0],
)
def test_an_option_that_takes_a_test_takes_the_verdict(shop: Shop, options: list[str]) -> None:
    found = shop.run(*options)
    assert (found.verdict, found.stages["backup"]) == ("incomplete", "incomplete")
    assert found.reason == f"1 of 14 tests did not run: {SECOND_OF_BACKUP}"
    assert level_of({"verdict": found.verdict, "stages": found.stages}) == 3


def test_a_failure_that_is_skipped_is_no_pass(shop: Shop) -> None:
    shop.write("backup", "Promise Breaks")
    assert shop.run().verdict == "failed"
    found = shop.run("--skiponfailure", "backup")
    assert found.verdict == "incomplete"
    assert str(SECOND_OF_BACKUP) in found.reason


def test_a_test_that_skips_itself_is_missed(shop: Shop) -> None:
    shop.write("backup", "Skip    Opted out: not today.")
    assert shop.run().verdict == "incomplete"


def test_a_file_or_a_test_that_vanished_is_missed(shop: Shop) -> None:
    path = shop.path("backup")
    path.write_text(path.read_text().partition("The Second")[0])
    assert str(SECOND_OF_BACKUP) in shop.run().reason
    path.unlink()
    found = shop.run()
    assert (found.verdict, found.stages["backup"]) == ("incomplete", "not run")
    (shop.suite / "tests.txt").unlink()
    found = shop.run()
    assert found.verdict == "incomplete"


def test_a_part_of_the_stages_is_told_as_before(shop: Shop) -> None:
    found = shop.run("--suite", "functional")
    assert (found.verdict, found.stages["functional"]) == ("incomplete", "passed")
    assert found.reason == "not run: install, browser, restart, backup, upgrade, teardown"


def test_an_opt_out_counts_where_it_is_pinned(shop: Shop) -> None:
    shop.pin("backup")
    found = shop.run(opt_outs="backup")
    assert (found.verdict, found.stages["backup"]) == ("passed", "opted out")


def test_an_opt_out_that_nobody_reviewed_is_a_missing_test(shop: Shop) -> None:
    found = shop.run(opt_outs="backup")
    assert found.verdict == "incomplete"
    assert "2 of 14 tests did not run: 5__backup" in found.reason


def test_a_run_that_opted_out_of_all_that_keeps_data_has_not_passed(shop: Shop) -> None:
    shop.pin("restart", "backup", "upgrade")
    found = shop.run(opt_outs="restart backup upgrade")
    assert found.verdict == "opted out"


def test_a_kept_app_leaves_its_teardown_out(shop: Shop) -> None:
    shop.write("teardown", "Enter    teardown    teardown")
    found = shop.run()
    assert (found.verdict, found.stages["teardown"]) == ("incomplete", "incomplete")
    assert "7__teardown: The Second Promise Of Teardown Is Kept" in found.reason


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        ("Run Keyword And Ignore Error    Node Fails\n    Promise Breaks", "failed"),
        ("Run Keyword And Continue On Failure    Node Fails\n    Promise Breaks", "failed"),
        ("Node Fails\n    [Teardown]    Promise Breaks", "failed"),
        ("Promise Breaks\n    [Teardown]    Node Fails", "failed"),
        ("Run Keyword And Ignore Error    Promise Breaks\n    Node Fails", "incomplete"),
        ("Node Fails", "incomplete"),
    ],
)
def test_what_failed_the_test_decides(shop: Shop, step: str, verdict: str) -> None:
    shop.write("backup", step)
    found = shop.run()
    assert (found.verdict, found.stages["backup"]) == (verdict, verdict)


def test_what_failed_after_docker_went_away_says_nothing(shop: Shop) -> None:
    now = datetime.now()
    shop.write("backup", "Promise Breaks")
    before = shop.run(disturbed=now - timedelta(hours=1))
    assert (before.verdict, before.stages["backup"]) == ("incomplete", "incomplete")
    assert before.reason == DOCKER_GONE
    assert before.stages["install"] == "passed"
    # A failure that was seen before stays one.
    after = shop.run(disturbed=now + timedelta(hours=1))
    assert (after.verdict, after.stages["backup"]) == ("failed", "failed")


def test_what_robot_did_not_begin_was_not_run(shop: Shop) -> None:
    shop.write("restart", "Node Fails")
    found = shop.run("--exitonfailure")
    assert found.verdict == "incomplete"
    assert (found.stages["restart"], found.stages["backup"]) == ("incomplete", "not run")
    shop.write("restart", "Promise Breaks")
    found = shop.run("--exitonfailure")
    assert (found.verdict, found.stages["restart"]) == ("failed", "failed")
    assert found.stages["backup"] == "not run"


def test_an_end_that_fails_takes_no_stage_with_it(shop: Shop) -> None:
    found = shop.run(end="Node Fails")
    assert found.verdict == "incomplete"
    assert set(found.stages.values()) == {"passed"}
    assert found.reason == "Incomplete: No node has room."
    shop.write("backup", "Promise Breaks")
    found = shop.run(end="Node Fails")
    assert (found.verdict, found.stages["backup"]) == ("failed", "failed")
    assert found.stages["install"] == "passed"
