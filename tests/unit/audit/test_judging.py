"""When a run counts as having noticed a defect."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ccci.audit.record import Finding
from ccci.audit.running import judge
from ccci.audit.trial import Trial
from ccci.results.store import RunFacts, RunResults, Verdict
from ccci.stage_names import STAGES

TRIAL = Trial(
    "a volume is gone", {"compose.yml": "x"}, ("install", "restart"), ("install",), "page 404"
)
XUNIT = """<testsuite><testcase classname="Shop.Restart" name="The Seed Survives">
<failure message="GET /page was answered: page 404"/></testcase></testsuite>"""


def _judge(
    folder: Path,
    trial: Trial = TRIAL,
    verdict: Verdict = "failed",
    terminal: str = "page 404",
    xunit: str = XUNIT,
    **stages: Verdict,
) -> Finding:
    place = folder / "runs" / "a-volume"
    run = place / "shop" / "20261125-080000-aaaa"
    run.mkdir(parents=True)
    found: dict[str, Verdict] = dict.fromkeys(STAGES, "not run")
    found |= {"install": "passed", "restart": "failed", **stages}
    facts = RunFacts(run.name, "shop", waited_seconds=9.0)
    results = RunResults(facts, verdict, found, {}, 5.0)
    (run / "results.json").write_text(json.dumps(asdict(results)))
    (run / "xunit.xml").write_text(xunit)
    (place / "terminal.txt").write_text(terminal)
    return judge(trial, place, folder, 30.04)


def test_red_at_its_stage_with_its_message_is_caught(tmp_path: Path) -> None:
    finding = _judge(tmp_path)
    assert finding.caught
    assert (finding.red, finding.seconds) == ("restart", 21.0)
    assert finding.said == "The Seed Survives: GET /page was answered: page 404"
    assert (tmp_path / finding.run / "results.json").exists()


def test_green_is_missed(tmp_path: Path) -> None:
    finding = _judge(tmp_path, verdict="incomplete", restart="passed")
    assert not finding.caught
    assert finding.said == "nothing was noticed"


@pytest.mark.parametrize("install", ["failed", "incomplete"])
def test_red_before_its_stage_is_missed(tmp_path: Path, install: Verdict) -> None:
    assert not _judge(tmp_path, install=install).caught


def test_an_incomplete_run_proves_nothing(tmp_path: Path) -> None:
    assert not _judge(tmp_path, verdict="incomplete").caught


def test_a_stage_that_says_nothing_is_to_be_run_again(tmp_path: Path) -> None:
    assert _judge(tmp_path, verdict="incomplete", restart="incomplete").incomplete


def test_green_where_it_was_looked_at_says_something(tmp_path: Path) -> None:
    assert not _judge(tmp_path, verdict="incomplete", restart="passed").incomplete


def test_red_for_another_reason_is_missed(tmp_path: Path) -> None:
    finding = _judge(tmp_path, xunit=XUNIT.replace("page 404", "the network is gone"))
    assert not finding.caught
    assert finding.said.startswith("red, but without 'page 404': ")


def test_words_that_are_printed_anyway_or_by_another_stage_are_no_reason(tmp_path: Path) -> None:
    # The name of a defect is that of its folder, which the terminal shows.
    elsewhere = XUNIT.replace("page 404", "gone").replace(
        "<testsuite>",
        '<testsuite><testcase classname="Shop.Backup" name="The Restore">'
        '<failure message="page 404"/></testcase>',
    )
    finding = _judge(tmp_path, terminal="results/runs/page 404/log.html", xunit=elsewhere)
    assert not finding.caught


def test_a_message_of_several_lines_is_found(tmp_path: Path) -> None:
    trial = replace(TRIAL, message="page 404\nLook at the log")
    xunit = XUNIT.replace("page 404", "page 404&#10;Look at the log")
    assert _judge(tmp_path, trial, xunit=xunit).caught


def test_a_generic_defect_needs_no_message(tmp_path: Path) -> None:
    trial = replace(TRIAL, before=(), message="")
    assert _judge(tmp_path, trial, terminal="").caught


def test_a_run_without_results_is_missed(tmp_path: Path) -> None:
    (tmp_path / "terminal.txt").write_text("No such recipe\n")
    finding = judge(TRIAL, tmp_path, tmp_path, 1.0)
    assert not finding.caught
    assert finding.said == "no results: No such recipe"
    assert finding.incomplete


def test_a_run_that_could_not_begin_tells_the_error_and_not_where_its_report_is(
    tmp_path: Path,
) -> None:
    said = "[ ERROR ] Resource file 'x' does not exist.\nShop | FAIL |\nReport: /shop/report.html\n"
    (tmp_path / "terminal.txt").write_text(said)
    finding = judge(TRIAL, tmp_path, tmp_path, 1.0)
    assert finding.said == "no results: [ ERROR ] Resource file 'x' does not exist."


def test_a_setup_that_failed_is_told(tmp_path: Path) -> None:
    text = "Parent suite setup failed:&#10;app crash-loops: page 404"
    xunit = XUNIT.replace("GET /page was answered: page 404", text)
    finding = _judge(tmp_path, xunit=xunit)
    assert finding.said == "The Seed Survives: app crash-loops: page 404"


def test_the_test_that_ended_the_run_is_told_and_not_those_that_it_kept_from_running(
    tmp_path: Path,
) -> None:
    ended = (
        '<testsuite><testcase classname="Shop.Restart" name="Services Start">'
        '<failure message="Failure occurred and exit-on-failure mode is in use."/></testcase>'
    )
    finding = _judge(tmp_path, xunit=XUNIT.replace("<testsuite>", ended))
    assert finding.said == "The Seed Survives: GET /page was answered: page 404"
