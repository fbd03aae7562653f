"""A matrix: the longest first, parts balanced, and nothing unfinished called passed."""

import json
from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.results import RunFacts, RunResults, Verdict, write_results
from matrix.outcome import outcome_of, write_outcome
from matrix.plan import Entry, longest_first, shard_of


def ran(project: Path, recipe: str, number: int, verdict: Verdict, seconds: float) -> None:
    facts = RunFacts(f"20260101-00000{number}-aaaa", recipe, matrix=f"m{number}")
    results = RunResults(facts, verdict, {}, {}, seconds)
    write_results(project / "results" / recipe / facts.run_id, results)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for recipe in ("shop", "forum", "wiki"):
        (tmp_path / "suites" / recipe).mkdir(parents=True)
        (tmp_path / "recipes" / recipe).mkdir(parents=True)
    (tmp_path / "suites" / "generic").mkdir()
    ran(tmp_path, "shop", 1, "passed", 60)
    ran(tmp_path, "shop", 2, "failed", 5)
    ran(tmp_path, "forum", 1, "passed", 300)
    return tmp_path


def test_the_unknown_and_the_long_come_first(project: Path) -> None:
    assert [entry.recipe for entry in longest_first(project, [])] == ["wiki", "forum", "shop"]
    assert [entry.recipe for entry in longest_first(project, ["shop", "shop"])] == ["shop"]
    with pytest.raises(Misuse, match="'mail' is not enrolled; enrolled are: forum, shop, wiki"):
        longest_first(project, ["mail"])


def test_parts_are_balanced_whole_and_apart() -> None:
    entries = [
        Entry(name, seconds) for name, seconds in zip("abcdef", (9, 5, 4, 3, 2, 1), strict=True)
    ]
    parts = [shard_of(entries, number, 3) for number in (1, 2, 3)]
    assert sorted(entry.recipe for part in parts for entry in part) == list("abcdef")
    assert [sum(entry.seconds for entry in part) for part in parts] == [9, 8, 7]
    with pytest.raises(Misuse, match="no part 4 of 3"):
        shard_of(entries, 4, 3)


def test_what_did_not_finish_never_counts_as_passed(project: Path) -> None:
    outcomes = [outcome_of(project, "shop", "m1"), outcome_of(project, "forum", "m9")]
    assert [outcome.verdict for outcome in outcomes] == ["passed", "incomplete"]
    assert write_outcome(project / "results" / "matrix" / "m", outcomes, 1.0) == "incomplete"
    written = json.loads((project / "results" / "matrix" / "m" / "results.json").read_text())
    assert written["recipes"][1]["reason"] == "it did not finish"
