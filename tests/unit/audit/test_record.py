"""An audit goes on where it was, and only then."""

from pathlib import Path

import pytest

from ccci.audit.basis import hash_of_tests
from ccci.audit.record import Finding, Record, continued, key_of, read_record, write_record
from ccci.audit.table import line_of, not_caught, score, table
from ccci.audit.trial import Trial

VOLUME = Trial("a volume is gone", {"compose.yml": "x"}, ("restart",))
PORT = Trial("a port is wrong", {"compose.yml": "y"}, ("install",))


def _record(tests: str = "t", head: str = "h", planned: int = 2) -> Record:
    return Record("shop", head, tests, "2026-11-25T08:00:00+00:00", planned)


def _found(trial: Trial, harmless: str = "", incomplete: bool = False) -> Finding:
    return Finding(
        trial.name,
        trial.stages,
        caught=True,
        harmless=harmless,
        incomplete=incomplete,
        key=key_of(trial),
    )


def test_what_is_known_is_kept(tmp_path: Path) -> None:
    record = _record()
    record.control = Finding("nothing is broken", ("install",), passed=True)
    record.findings[VOLUME.name] = _found(VOLUME)
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    goes_on = continued(tmp_path, _record(planned=3), [VOLUME, PORT])
    assert list(goes_on.findings) == [VOLUME.name]
    assert (goes_on.control, goes_on.planned) == (record.control, 3)


def test_what_says_nothing_is_run_again_and_what_was_harmless_is_looked_at_again(
    tmp_path: Path,
) -> None:
    record = _record()
    record.findings[VOLUME.name] = _found(VOLUME, harmless="Nobody could see it, they said.")
    record.findings[PORT.name] = _found(PORT, incomplete=True)
    write_record(tmp_path, record)
    assert continued(tmp_path, _record(), [VOLUME, PORT]).findings == {}


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
    assert score(record) == (
        "shop at h: 1 of 2 defects caught (50%), 1 harmless; 0 min of runs; 1 of 3 not run yet"
    )
    text = table(record)
    assert "MISSED    b\n          expected at restart; red: -; 0 s; nothing was noticed" in text
    assert "harmless  c: Nobody could see it." in text
    said = "not caught: shop: b: red: -; nothing was noticed\n"
    assert not_caught(record, ["a", "b"]) == said
    assert not_caught(record, ["a"]) == ""


def test_what_is_noticed_for_another_reason_is_not_called_missed() -> None:
    wrong = Finding("a", ("restart",), red="restart", said="red, but without 'x': y")
    assert line_of(wrong).startswith("WRONG     a\n")
    assert line_of(Finding("a", ("restart",), incomplete=True)).startswith("unknown   a\n")


def test_nothing_tried_is_no_score() -> None:
    assert _record().score == 0.0
    assert not _record(planned=0).is_complete


@pytest.mark.parametrize(
    ("file", "decides"),
    [
        ("suites/shop/2__functional.robot", True),
        ("suites/shop/1__install.robot", True),
        ("recipes/shop/shop.resource", True),
        ("recipes/shop/defects.toml", False),
        ("recipes/shop/NOTES.md", False),
        ("recipes/keycloak/recipe.toml", True),
        ("recipes/blog/blog.resource", False),
        ("suites/blog/2__functional.robot", False),
        ("resources/api.resource", True),
        ("resources/companions/mail/recipe/.env.sample", True),
        ("resources/companions/plc/recipe/compose.yml", False),
        ("libraries/Api.py", True),
        ("ccci/run/run.py", True),
        ("ccci/waiting.py", True),
        ("ccci/audit/running.py", True),
        ("ccci/audit/table.py", False),
        ("ccci/dashboard/pages.py", False),
        ("ccci/loop/poller.py", False),
    ],
)
def test_what_decides_an_audit_changes_its_hash(tmp_path: Path, file: str, decides: bool) -> None:
    generic = tmp_path / "suites" / "generic" / "1__install.robot"
    mail = "resources/companions/mail/recipe.toml"
    files = ("recipes/shop/recipe.toml", "recipes/keycloak/recipe.toml", mail, file)
    for path in (generic, *(tmp_path / name for name in files)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    settings = 'companions = ["mail"]\n[sso]\nprovider = "keycloak"\n'
    (tmp_path / "recipes/shop/recipe.toml").write_text(settings)
    link = tmp_path / "suites/shop/1__install.robot"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to("../generic/1__install.robot")
    first = hash_of_tests(tmp_path, "shop")
    assert hash_of_tests(tmp_path, "shop") == first
    (tmp_path / file).write_text("# changed\n")
    assert (hash_of_tests(tmp_path, "shop") != first) is decides
