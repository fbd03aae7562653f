"""The level of a run: what it verified, and nothing else."""

from typing import Any

import pytest

from ccci.errors import Misuse
from ccci.results.levels import HIGHEST, left_out, level_name, level_of, verdict_of
from ccci.stage_names import STAGES

SHORT = {
    "p": "passed",
    "f": "failed",
    "o": "opted out",
    "i": "incomplete",
    "-": "not run",
}


def results(stages: str, verdict: str = "passed", **other: Any) -> dict[str, Any]:
    """Return the content of a results.json; one letter for each stage, in the order of `STAGES`."""
    verdicts = {stage: SHORT[letter] for stage, letter in zip(STAGES, stages, strict=True)}
    facts = {
        "opt_outs": {stage: "A reason." for stage, word in verdicts.items() if word == "opted out"}
    }
    return {
        "facts": {**facts, **other.pop("facts", {})},
        "verdict": verdict,
        "stages": verdicts,
        "tests": {"passed": 27, "failed": 0, "opted out": 0},
        **other,
    }


@pytest.mark.parametrize(
    ("stages", "verdict", "level"),
    [
        # install functional browser restart backup upgrade teardown
        ("ppppppp", "passed", 6),
        ("-------", "incomplete", 0),
        ("p------", "incomplete", 1),
        ("pp-----", "incomplete", 2),
        ("ppp----", "incomplete", 3),
        ("pppp---", "incomplete", 3),
        ("ppppp--", "incomplete", 4),
        ("pppppp-", "incomplete", 5),
        ("ppp-p--", "incomplete", 4),
        # the first stage that did not pass ends it, whatever follows
        ("fpppppp", "failed", 0),
        ("ipppppp", "incomplete", 0),
        ("-pppppp", "incomplete", 0),
        ("pfppppp", "failed", 1),
        ("pippppp", "incomplete", 1),
        ("ppfpppp", "failed", 2),
        ("pp-pppp", "incomplete", 2),
        ("ppppfpp", "failed", 3),
        ("ppppipp", "incomplete", 3),
        ("pppppfp", "failed", 4),
        ("ppppp-p", "incomplete", 4),
        # restart and teardown count for the highest level only
        ("pppfppp", "failed", 5),
        ("pppippp", "incomplete", 5),
        ("ppp-ppp", "incomplete", 5),
        ("pppoppp", "passed", 5),
        ("ppp-ppp", "passed", 5),
        ("pppppp-", "passed", 5),
        ("ppppppf", "failed", 5),
        ("ppppppi", "incomplete", 5),
        # an opted out stage is skipped, and does not count as verified
        ("ppopppp", "passed", 5),
        ("ppppopp", "passed", 5),
        ("pppppop", "passed", 4),
        ("ppppoop", "passed", 3),
        ("oo-----", "incomplete", 0),
        ("oooooop", "passed", 0),
        ("opppppp", "passed", 5),
        ("opfpppp", "failed", 2),
        ("ppo----", "incomplete", 2),
        ("ppof---", "failed", 2),
        # the verdict is not passed
        ("ppppppp", "failed", 5),
        ("ppppppp", "incomplete", 5),
    ],
)
def test_the_level_of_a_run(stages: str, verdict: str, level: int) -> None:
    assert level_of(results(stages, verdict)) == level


@pytest.mark.parametrize(
    "flaw",
    [
        {"tests": {"passed": 25, "failed": 0, "opted out": 2}},
        {"tests": {"passed": 26, "failed": 1, "opted out": 0}},
        {"tests": {}},
        {"tests": None},
        {"facts": {"opt_outs": {"browser": "The app has no pages, only an API."}}},
        {"verdict": "opted out"},
    ],
)
def test_a_run_with_one_flaw_does_not_reach_the_highest_level(flaw: dict[str, Any]) -> None:
    assert level_of({**results("ppppppp"), **flaw}) == 5


def test_a_generic_run_does_not_verify_the_app_itself() -> None:
    run = results("p--pppp", "passed", facts={"generic": True})
    assert level_of(run) == 1
    assert verdict_of(run, "functional") == verdict_of(run, "browser") == "not verified"
    assert verdict_of(run, "backup") == "passed"
    claimed = results("ppppppp", "passed", facts={"generic": True})
    assert level_of(claimed) == 1


@pytest.mark.parametrize(
    ("stages", "missing"),
    [
        ("ppppppp", ()),
        ("ppopppp", ("browser",)),
        ("ppopopp", ("browser", "backup")),
        ("pppppop", ()),
        ("ppooo--", ()),
        ("oooooop", ()),
    ],
)
def test_opted_out_stages_below_the_level_are_named(stages: str, missing: tuple[str, ...]) -> None:
    assert left_out(results(stages)) == missing


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"stages": None},
        {"stages": []},
        {"stages": {"install": None}},
        {"stages": {"install": ["passed"]}},
        {"stages": {"install": "PASSED"}},
        {"facts": None, "stages": {}},
        {"verdict": "passed"},
    ],
)
def test_missing_or_invalid_results_verify_nothing(broken: dict[str, Any]) -> None:
    assert level_of(broken) == 0
    assert left_out(broken) == ()


def test_a_run_without_facts_does_not_reach_the_highest_level() -> None:
    run = results("ppppppp")
    del run["facts"]
    assert level_of(run) == 5


def test_each_level_has_its_own_name() -> None:
    names = [level_name(level) for level in range(HIGHEST + 1)]
    assert len(set(names)) == HIGHEST + 1 == 7
    for wrong in (-1, HIGHEST + 1):
        with pytest.raises(Misuse, match="from 0 to 6"):
            level_name(wrong)
