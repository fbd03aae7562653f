"""A run that takes too long is torn down and failed, whatever it is doing."""

import signal

import pytest

from ccci.teardown.journal import Journal
from tests.lab.suite_runs import RESULTS, SuiteRun, leftovers_of, start_suite, wait_until_reaped

pytestmark = [pytest.mark.lab, pytest.mark.side_by_side]


def _assert_failed(run: SuiteRun) -> None:
    wait_until_reaped(run.run_id)
    assert leftovers_of(run.stack, run.run_id) == []
    results = run.results()
    assert results["verdict"] == "failed"
    assert results["reason"].startswith("The run took longer than ")


def test_a_run_that_takes_too_long_tears_itself_down_and_says_why() -> None:
    run = start_suite("--variable", "KEEP:1", "suites/custom-html")
    run.wait_for_words("A Published File Is Fetched")
    Journal.load(run.run_id).limited(0.1)
    assert run.finish(120) != 0
    _assert_failed(run)
    assert run.results()["stages"]["install"] == "passed"
    assert (RESULTS / "custom-html" / run.run_id / "log.html").is_file()
    assert (RESULTS / "custom-html" / run.run_id / "cleared.json").is_file()


def test_a_run_that_hears_no_signal_is_killed_and_torn_down() -> None:
    run = start_suite("--suite", "install", "suites/custom-html")
    run.wait_for_words("converged in")
    run.process.send_signal(signal.SIGSTOP)
    Journal.load(run.run_id).limited(0.1, last_seconds=1)
    assert run.finish(120) == -signal.SIGKILL
    _assert_failed(run)


def test_a_test_that_gives_up_leaves_no_run_behind() -> None:
    run = start_suite("--variable", "KEEP:1", "--suite", "install", "suites/custom-html")
    run.wait_for_words("converged in")
    with pytest.raises(AssertionError, match=r"timed out after 0\.1 seconds; it said:"):
        run.finish(0.1)
    wait_until_reaped(run.run_id)
    assert leftovers_of(run.stack, run.run_id) == []
