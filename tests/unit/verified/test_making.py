"""What is recorded is what the run and the audit of the same commit say."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ccci.audit.record import AUDIT, Finding, Record, write_record
from ccci.errors import Misuse
from ccci.results.clearance import clear
from ccci.results.store import RunResults, read_results
from ccci.verified.file import Audited, SleptThrough, load_verified, verified_path, write_verified
from ccci.verified.making import audited, recorded_before, verified_of
from tests.unit.dashboard.past_results import COMMIT
from tests.unit.verified.recorded import IMAGES, TESTS, run_of_shop, small_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path)


def results_of(folder: Path) -> RunResults:
    found = read_results(folder)
    assert found
    return found


def audit(project: Path, *, planned: int = 3, head: str = COMMIT) -> Path:
    folder = project / "results" / "shop" / AUDIT
    record = Record("shop", head, "tests", "2026-11-24T08:00:00+00:00", planned)
    record.findings = {
        one.name: one
        for one in (
            Finding("caught", ("restart",), "restart", caught=True),
            Finding("not seen", ("backup",), said="nothing was noticed", run="runs/not-seen/1"),
            Finding("red elsewhere", ("backup",), "backup", said="token hunter2", run="runs/red/1"),
            Finding("nobody sees it", ("backup",), harmless="It is the default anyway."),
        )
    }
    write_record(folder, record)
    for run in ("runs/not-seen/1", "runs/red/1"):
        (folder / run).mkdir(parents=True)
        (folder / run / "xunit.xml").write_text("<testsuite/>")
    clear(folder / "runs/not-seen/1", {})
    clear(folder / "runs/red/1", None)
    return folder


def test_all_of_a_run_is_recorded(project: Path) -> None:
    results = results_of(run_of_shop(project))
    verified = verified_of(results, None)
    assert (verified.date, verified.head) == (date(2026, 11, 25), COMMIT)
    assert (verified.release, verified.version) == ("1.2.0+26.8.0", "1.2.0+26.8.0")
    assert (verified.app_version, verified.upgraded_from) == ("26.8.0", "1.1.0+26.7.3")
    assert (verified.level, verified.tests) == (6, TESTS)
    assert verified.seconds == 200.2, "without the wait for places"
    assert verified.peak_memory_bytes == results.peak_memory_bytes
    assert [one.model_dump() for one in verified.image] == [vars(one) for one in IMAGES]
    assert verified.origins == "1 built by the lab, 1 pulled, 1 was there"
    path = verified_path(project, "shop")
    write_verified(path, verified)
    assert load_verified(path).model_dump(exclude={"seal"}) == verified.model_dump(exclude={"seal"})


def test_without_an_upgrade_there_is_no_release_before(project: Path) -> None:
    run = run_of_shop(project, "pppppop")
    assert verified_of(results_of(run), None).upgraded_from == ""


def test_memory_that_was_not_measured_is_left_out(project: Path) -> None:
    results = replace(results_of(run_of_shop(project)), peak_memory_bytes=None)
    write_verified(verified_path(project, "shop"), verified_of(results, None))
    assert load_verified(verified_path(project, "shop")).peak_memory_bytes is None


@pytest.mark.parametrize(
    ("facts", "key"), [({"head": "abc"}, "head"), ({"started": "today"}, "today")]
)
def test_a_value_that_cannot_be_is_told(project: Path, facts: dict[str, str], key: str) -> None:
    results = results_of(run_of_shop(project, **facts))
    with pytest.raises(Misuse, match=rf"cannot be recorded: .*{key}.* Run 'make run"):
        verified_of(results, None)


def test_an_audit_is_recorded_without_lines_that_were_not_searched(project: Path) -> None:
    audit(project)
    found, without = audited(project, "shop", COMMIT)
    assert not without
    assert found == Audited(
        date=date(2026, 11, 24),
        caught=1,
        defects=3,
        slept_through=[
            SleptThrough(defect="not seen", said="nothing was noticed"),
            SleptThrough(
                defect="red elsewhere", said="not shown: it was not searched for credentials"
            ),
        ],
    )


def test_an_audit_that_says_nothing_of_the_commit_is_left_out(project: Path) -> None:
    assert audited(project, "shop", COMMIT) == (None, "there is none")
    folder = audit(project, planned=4)
    assert audited(project, "shop", COMMIT) == (None, "it is not complete")
    (folder / "audit.json").write_text("{")
    assert audited(project, "shop", COMMIT) == (None, "there is none")


def test_an_audit_of_another_commit_is_left_out(project: Path) -> None:
    audit(project, head="75826ae" + 33 * "0")
    assert audited(project, "shop", COMMIT) == (None, "it is of commit 75826ae")


def test_the_audit_on_record_stays_while_the_commit_is_the_same(project: Path) -> None:
    assert recorded_before(project, "shop", COMMIT) is None
    audit(project)
    found, _ = audited(project, "shop", COMMIT)
    path = verified_path(project, "shop")
    write_verified(path, verified_of(results_of(run_of_shop(project)), found))
    assert found
    assert recorded_before(project, "shop", COMMIT) == found
    assert recorded_before(project, "shop", "75826ae" + 33 * "0") is None
    path.write_text("by hand")
    assert recorded_before(project, "shop", COMMIT) is None
