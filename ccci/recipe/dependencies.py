"""Which recipes must be up before the recipe under test, and in which order.

``python -m ccci.recipe.dependencies gitea`` prints the recipes that its tests need, one a line.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ccci.errors import CcciError, Misuse
from ccci.project import PROJECT
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config


@dataclass(frozen=True)
class Plan:
    """What a recipe needs.

    Attributes:
        layers: recipes to deploy: one layer after the other, those of a layer in parallel.
        weight: the places of the budget that the recipe and all that it needs take together.
    """

    layers: tuple[tuple[str, ...], ...]
    weight: int

    @property
    def recipes(self) -> tuple[str, ...]:
        """All of them, in an order in which each comes after what it needs itself."""
        return tuple(recipe for layer in self.layers for recipe in layer)


def needs_of(config: RecipeConfig, shared: str = "") -> list[str]:
    """Return the recipes that a recipe's own tests need: required, for tests, and its provider.

    Args:
        config: the recipe's settings.
        shared: the provider that is deployed already, or "".
    """
    provider = [config.sso.provider] if config.sso and config.sso.provider != shared else []
    return list(dict.fromkeys([*config.requires, *config.test_requires, *provider]))


def plan_for(recipe: str, load: Callable[[str], RecipeConfig | None], shared: str = "") -> Plan:
    """Return what must be deployed before a recipe, and what all of it weighs.

    Args:
        recipe: the recipe under test, whose `test_requires` and provider count.
        load: returns the configuration of an enrolled recipe, None for one that is not enrolled.
            Of what the recipe needs only `requires` counts: their own tests are not run.
        shared: the provider that is deployed already, or "".

    Raises:
        Misuse: a recipe is not enrolled, or they need each other in a circle. Nothing was started.

    Example:
        >>> plan_for("gitea", load).layers
        (('keycloak',),)
    """
    config = load(recipe) or RecipeConfig()
    graph: dict[str, list[str]] = {recipe: needs_of(config, shared)}
    weight = config.weight
    waiting = list(graph[recipe])
    while waiting:
        name = waiting.pop()
        if name in graph:
            continue
        needed = load(name)
        if needed is None:
            by = next(user for user, needs in graph.items() if name in needs)
            raise Misuse(
                f"Recipe '{by}' needs '{name}', which is not enrolled: there is no "
                f"recipes/{name}/recipe.toml. Enrol it first, or mend recipes/{by}/recipe.toml."
            )
        graph[name] = list(needed.requires)
        weight += needed.weight
        waiting += needed.requires
    return Plan(_layers(graph, recipe), weight)


def enrolled(project: Path, recipe: str) -> RecipeConfig | None:
    """Return a recipe's settings; None where the project has no folder for it."""
    path = config_path(project, recipe)
    return load_recipe_config(path) if path.exists() else None


def plan_in(project: Path, recipe: str, shared: str = "") -> Plan:
    """Return what must be deployed before a recipe of a project; see `plan_for`."""
    return plan_for(recipe, lambda name: enrolled(project, name), shared)


def main(recipes: Iterable[str]) -> int:
    """Print what the recipes need; 1 when one of them is wrong."""
    names: dict[str, None] = {}
    try:
        for recipe in map(check_recipe_name, recipes):
            names.update(dict.fromkeys(plan_in(PROJECT, recipe).recipes))
    except CcciError as error:
        print(error, file=sys.stderr)
        return 1
    for name in names:
        print(name)
    return 0


def _layers(graph: dict[str, list[str]], recipe: str) -> tuple[tuple[str, ...], ...]:
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " needs ".join(f"'{name}'" for name in reversed(error.args[1]))
        raise Misuse(f"These recipes wait for each other: {circle}.") from None
    layers = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        sorter.done(*ready)
        layers.append(tuple(name for name in ready if name != recipe))
    return tuple(layer for layer in layers if layer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
