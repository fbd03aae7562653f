"""Which settings of .env.sample an app is deployed without, though recipe.toml does not say so.

What people deploy is what a run must try. So keywords and set-up scripts may add settings, and
recipe.toml alone may replace one.
"""

import re
from collections.abc import Iterator, Mapping

from ccci.recipe.config import RecipeConfig
from ccci.recipe.fit import OUR_OWN

_OF_A_SECRET = re.compile(r"SECRET_\w+_VERSION")


def replaced_defaults(
    sample: Mapping[str, str], env: Mapping[str, str], config: RecipeConfig
) -> Iterator[str]:
    """Yield each setting that the recipe sets and the app has not, unless recipe.toml names it.

    Args:
        sample: what .env.sample sets.
        env: the app's settings; its COMPOSE_FILE may go on after that of the sample.
        config: the recipe's recipe.toml.

    Example:
        >>> list(replaced_defaults({"LEVEL": "info"}, {"LEVEL": "debug"}, RecipeConfig()))
        ['LEVEL']
    """
    files = sample.get("COMPOSE_FILE", "compose.yml").split(":")
    if env.get("COMPOSE_FILE", "compose.yml").split(":")[: len(files)] != files:
        yield "COMPOSE_FILE"
    for key, value in sample.items():
        if key in (*OUR_OWN, *config.replaced) or _OF_A_SECRET.fullmatch(key):
            continue
        if env.get(key) != value:
            yield key
