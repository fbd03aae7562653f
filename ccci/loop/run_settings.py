"""The settings that a run itself gives an app: a recipe is judged with these values, too.

A suite sets some of a recipe's variables. What `.env.sample` says of them is not what is deployed.
"""

import re
from collections.abc import Mapping

from ccci.recipe.config import RecipeConfig

# Stands for a value that only the run knows, such as the address of a provider. It is never the
# app's own host.
_OF_THE_RUN = "set-by-the-run"
_PLACEHOLDER = re.compile(r"\{\w+\}")


def settings_of_run(config: RecipeConfig) -> Mapping[str, tuple[str, ...]]:
    """Return the variables that a run sets, with the values that each can have.

    Args:
        config: what recipe.toml says: `[env]`, `[[sign_in.wiring]]` and the settings of `[names]`,
            which the suite's own keywords set.

    Example:
        >>> settings_of_run(load_recipe_config(Path("recipes/drone/recipe.toml")))["GITEA_DOMAIN"]
        ... # doctest: +SKIP
        ('set-by-the-run',)
    """
    found: dict[str, dict[str, None]] = {}
    pairs = [*config.env.items()]
    pairs += [pair for wiring in config.sign_in.wiring for pair in wiring.settings.items()]
    pairs += [(name, "{set}") for names in config.names.settings.values() for name in names]
    for name, value in pairs:
        # A name made of the app's domain is one that recipe.toml chose for this app.
        if "{domain}" not in value:
            found.setdefault(name, {})[_PLACEHOLDER.sub(_OF_THE_RUN, value)] = None
    return {name: tuple(values) for name, values in found.items()}
