"""How long a run may take at most: what recipe.toml says, or what follows from its timeouts."""

from pathlib import Path

from ccci.recipe.companions import CompanionConfig, load_companion
from ccci.recipe.config import RecipeConfig
from ccci.recipe.dependencies import Plan, enrolled

# The tests themselves, backups, and pulling images.
_BESIDE_SECONDS = 1800
# Five times in a run the app is brought up; each time it may take its timeout to converge, and
# again until its page answers.
_TIMES = 10
_TIMES_OF_NEEDED = 2


def longest_run_seconds(project: Path, config: RecipeConfig, plan: Plan) -> int:
    """Return after how many seconds a run is over, whatever it is doing.

    Args:
        project: the folder that holds recipes/.
        config: the recipe's settings.
        plan: what the recipe needs.

    Example:
        >>> longest_run_seconds(PROJECT, RecipeConfig(timeout_seconds=60), Plan((), 1))
        2400
    """
    if config.longest_run_minutes is not None:
        return config.longest_run_minutes * 60
    needed: list[RecipeConfig | CompanionConfig] = [
        enrolled(project, recipe) or RecipeConfig() for recipe in plan.recipes
    ]
    needed += [load_companion(project, name) for name in plan.companions]
    return (
        _BESIDE_SECONDS
        + _TIMES * config.timeout_seconds
        + _TIMES_OF_NEEDED * sum(one.timeout_seconds for one in needed)
    )
