"""An audit goes on where it was, and only then."""

from pathlib import Path

from ccci.audit.record import (
    Finding,
    Record,
    continued,
    hash_of_tests,
    key_of,
    read_record,
    write_record,
)
from ccci.audit.table import summary
from ccci.audit.trial import Trial

VOLUME = Trial("a volume is gone", {"compose.yml": "x"}, ("restart",))
PORT = Trial("a port is wrong", {"compose.yml": "y"}, ("install",))


def _record(tests: str = "t", head: str = "h", planned: int = 2) -> Record:
    return Record("shop", head, tests, "2026-11-25T08:00:00+00:00", planned)


def _found(trial: Trial, caught: bool = True) -> Finding:
    return Finding(trial.name, trial.stages, caught=caught, key=key_of(trial))


def test_what_is_known_is_kept(tmp_path: Path) -> None:
    record = _record()
    record.findings[VOLUME.name] = _found(VOLUME)
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    assert list(continued(tmp_path, _record(), [VOLUME, PORT]).findings) == [VOLUME.name]


def test_another_commit_other_tests_or_another_defect_begin_anew(tmp_path: Path) -> None:
    record = _record()
    record.findings[VOLUME.name] = _found(VOLUME)
    changed = Trial(VOLUME.name, {"compose.yml": "z"}, VOLUME.stages)
    write_record(tmp_path, record)
    assert continued(tmp_path, _record(), [changed]).findings == {}
    assert continued(tmp_path, _record(tests="other"), [VOLUME]).findings == {}
    assert read_record(tmp_path) is None, "runs of another audit are removed"
    write_record(tmp_path, record)
    assert continued(tmp_path, _record(head="other"), [VOLUME]).findings == {}


def test_an_invalid_record_begins_anew(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"findings": [{}]}', '{"findings": 5}'):
        (tmp_path / "audit.json").write_text(text)
        assert read_record(tmp_path) is None


def test_the_score_counts_what_was_tried_and_says_what_was_not() -> None:
    record = _record(planned=3)
    record.findings = {
        "a": _found(VOLUME),
        "b": Finding("b", ("restart",), said="nothing was noticed"),
        "c": Finding("c", ("install",), harmless="Nobody could see it."),
    }
    assert record.score == 0.5
    assert not record.is_complete
    text = summary(record)
    assert text.endswith("shop at h: 1 of 2 defects caught (50%), 1 harmless; 1 of 3 not run yet")
    assert "MISSED    b\n          expected at restart; red: -; 0 s; nothing was noticed" in text
    assert "harmless  c: Nobody could see it." in text


def test_nothing_tried_is_no_score() -> None:
    assert _record().score == 0.0
    assert not _record(planned=0).is_complete


def test_a_changed_test_changes_the_hash(tmp_path: Path) -> None:
    suite = tmp_path / "suites" / "shop" / "1.robot"
    suite.parent.mkdir(parents=True)
    suite.write_text("a")
    first = hash_of_tests(tmp_path)
    suite.write_text("b")
    assert hash_of_tests(tmp_path) != first
