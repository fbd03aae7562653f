"""A run is as good as its worst part, and nothing that was not seen is called passed."""

import json
from pathlib import Path

import pytest

from ccci.results.store import RunFacts, RunResults, Verdict, prune_results, worst, write_results


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "opted out"], "passed"),
        (["opted out"], "opted out"),
        (["passed", "failed"], "failed"),
        (["incomplete", "failed"], "failed"),
        (["passed", "incomplete"], "incomplete"),
        (["passed", "not run"], "incomplete"),
        ([], "incomplete"),
    ],
)
def test_the_worst_part_decides(parts: list[Verdict], whole: Verdict) -> None:
    assert worst(parts) == whole


def test_latest_is_the_newest_and_the_oldest_go(tmp_path: Path) -> None:
    for number in range(5):
        facts = RunFacts(f"20260101-00000{number}-aaaa", "shop")
        results = RunResults(facts, "passed", {"install": "passed"}, {"passed": 1}, 1.0)
        write_results(tmp_path / "shop" / facts.run_id, results)
    gone = prune_results(tmp_path / "shop", keep=3)
    assert gone == ["20260101-000000-aaaa", "20260101-000001-aaaa"]
    latest = json.loads((tmp_path / "shop" / "latest" / "results.json").read_text())
    assert latest["facts"]["run_id"] == "20260101-000004-aaaa"
    assert len(list((tmp_path / "shop").iterdir())) == 4
