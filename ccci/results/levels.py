"""How much of a recipe one run has verified: a level from 0 to 6, each including those below it.

A level is read off what the run itself saw, and off nothing else. The first stage that did not
pass ends the climb: *failed*, *incomplete* and *not run* are alike here, nobody saw it pass. A
stage that the recipe opted out of is passed over and verified by nobody: the level is that of the
highest stage which did pass, `left_out` names what is missing below it, and 6 is out of reach.
Restart and teardown make no level of their own, and 6 needs both.

Sign-in by a provider has no stage of its own. Where recipe.toml has `[sso]`, `make check` wants
tests of it among those of *functional* and *browser*, and levels 2 and 3 stand for them.
"""

from collections.abc import Mapping
from typing import Any

from ccci.errors import Misuse
from ccci.stage_names import STAGES

# Each makes the level of its place, from 1.
STAGES_BY_LEVEL = ("install", "functional", "browser", "backup", "upgrade")
HIGHEST = len(STAGES_BY_LEVEL) + 1
_NAMES = (
    "nothing verified",
    "installs",
    "functional",
    "browser and SSO, where they apply",
    "backup and restore",
    "upgrade",
    "all of it, with no opt-out",
)
# What a recipe without a suite of its own is never asked.
_OF_THE_APP_ITSELF = ("functional", "browser")


def level_of(results: Mapping[str, Any]) -> int:
    """Return the level that a run verified, from the content of its results.json.

    Anything that is missing there, or is not as `ccci.results.store` writes it, verifies nothing.

    Args:
        results: the content of results.json.

    Example:
        >>> level_of({"verdict": "failed", "stages": {"install": "passed", "functional": "failed"}})
        1
    """
    level = 0
    for number, stage in enumerate(STAGES_BY_LEVEL, 1):
        verdict = verdict_of(results, stage)
        if verdict == "passed":
            level = number
        elif verdict != "opted out":
            break
    return HIGHEST if level == HIGHEST - 1 and _is_whole(results) else level


def level_name(level: int) -> str:
    """Return what a level says of a recipe, in words.

    Raises:
        Misuse: there is no such level.

    Example:
        >>> level_name(4)
        'backup and restore'
    """
    if not 0 <= level <= HIGHEST:
        raise Misuse(f"There is no level {level}: they go from 0 to {HIGHEST}.")
    return _NAMES[level]


def left_out(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stages below a run's level that it passed over, since the recipe opted out.

    Example:
        >>> left_out({"stages": {"install": "passed", "functional": "passed",
        ...                      "browser": "opted out", "backup": "passed"}})
        ('browser',)
    """
    below = STAGES_BY_LEVEL[: level_of(results)]
    return tuple(stage for stage in below if verdict_of(results, stage) == "opted out")


def verdict_of(results: Mapping[str, Any], stage: str) -> str:
    """Return what a run says of a stage: a verdict, or *not verified*.

    *Not verified* is what a generic run says of the app itself: nobody wrote tests for it.

    Example:
        >>> verdict_of({"facts": {"generic": True}, "stages": {}}, "functional")
        'not verified'
    """
    facts, stages = results.get("facts"), results.get("stages")
    if isinstance(facts, Mapping) and facts.get("generic") and stage in _OF_THE_APP_ITSELF:
        return "not verified"
    return str(stages.get(stage, "not run")) if isinstance(stages, Mapping) else "not run"


def _is_whole(results: Mapping[str, Any]) -> bool:
    """Tell whether all stages passed, no test was left out, and nothing is said against it."""
    facts, tests = results.get("facts"), results.get("tests")
    return (
        results.get("verdict") == "passed"
        and all(verdict_of(results, stage) == "passed" for stage in STAGES)
        and isinstance(facts, Mapping)
        and not facts.get("opt_outs")
        # A kept app's teardown is left out test by test, and its stage reads as passed.
        and isinstance(tests, Mapping)
        and tests.get("failed") == 0
        and tests.get("opted out") == 0
    )
