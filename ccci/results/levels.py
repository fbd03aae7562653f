"""How much of a recipe one run has verified: a level from 0 to 6, each including those below it.

The level of a run depends on this run only. It ends at the first stage that did not pass: *failed*,
*incomplete* and *not run* make no difference here. A stage that the recipe opted out of is skipped,
and is not verified: the level is that of the highest stage that passed, `left_out` names the
skipped stages below it, and level 6 is out of reach. Restart and teardown have no level of their
own, but level 6 needs both.

Sign-in with a provider has no stage of its own. If recipe.toml has `[sso]`, `make check` requires
tests of it in *functional* and *browser*, so levels 2 and 3 include it.
"""

from collections.abc import Mapping
from typing import Any

from ccci.errors import Misuse
from ccci.stage_names import STAGES

# Their levels are 1, 2, 3 and so on.
STAGES_BY_LEVEL = ("install", "functional", "browser", "backup", "upgrade")
HIGHEST = len(STAGES_BY_LEVEL) + 1
_NAMES = (
    "nothing verified",
    "install",
    "functional",
    "browser and SSO, where they apply",
    "backup and restore",
    "upgrade",
    "everything, without opt-outs",
)
# The stages that a recipe without a suite of its own does not have.
_NEED_A_SUITE = ("functional", "browser")


def level_of(results: Mapping[str, Any]) -> int:
    """Return the level that a run verified, from the content of its results.json.

    Anything that is missing or invalid in it counts as not verified.

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
    return HIGHEST if level == HIGHEST - 1 and _all_passed(results) else level


def level_name(level: int) -> str:
    """Return the name of a level.

    Raises:
        Misuse: there is no such level.

    Example:
        >>> level_name(4)
        'backup and restore'
    """
    if not 0 <= level <= HIGHEST:
        raise Misuse(f"There is no level {level}: levels go from 0 to {HIGHEST}.")
    return _NAMES[level]


def left_out(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stages below a run's level that were skipped because the recipe opted out.

    Example:
        >>> left_out({"stages": {"install": "passed", "functional": "passed",
        ...                      "browser": "opted out", "backup": "passed"}})
        ('browser',)
    """
    below = STAGES_BY_LEVEL[: level_of(results)]
    return tuple(stage for stage in below if verdict_of(results, stage) == "opted out")


def verdict_of(results: Mapping[str, Any], stage: str) -> str:
    """Return the verdict on a stage, or *not verified*.

    *Not verified* is for a recipe without a suite of its own: there are no tests of the app itself.

    Example:
        >>> verdict_of({"facts": {"generic": True}, "stages": {}}, "functional")
        'not verified'
    """
    facts, stages = results.get("facts"), results.get("stages")
    if isinstance(facts, Mapping) and facts.get("generic") and stage in _NEED_A_SUITE:
        return "not verified"
    return str(stages.get(stage, "not run")) if isinstance(stages, Mapping) else "not run"


def _all_passed(results: Mapping[str, Any]) -> bool:
    """Return whether the verdict and all stages are passed, and no test failed or was left out."""
    facts, tests = results.get("facts"), results.get("tests")
    return (
        results.get("verdict") == "passed"
        and all(verdict_of(results, stage) == "passed" for stage in STAGES)
        and isinstance(facts, Mapping)
        and not facts.get("opt_outs")
        and isinstance(tests, Mapping)
        and tests.get("failed") == 0
        and tests.get("opted out") == 0
    )
