"""Which apps must be up before the recipe under test, and in which order.

``python -m ccci.recipe.dependencies gitea`` prints the recipes and companions that its tests need,
one a line.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ccci.errors import CcciError, Misuse
from ccci.project import PROJECT
from ccci.recipe.companions import CompanionConfig, load_companion
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config


@dataclass(frozen=True)
class Plan:
    """What a recipe needs.

    Attributes:
        layers: what to deploy: one layer after the other, those of a layer in parallel.
        weight: the places of the budget that the recipe and all that it needs take together.
        companions: those in the layers that are no recipes.
    """

    layers: tuple[tuple[str, ...], ...]
    weight: int
    companions: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """All of them, in an order in which each comes after what it needs itself."""
        return tuple(name for layer in self.layers for name in layer)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Those that are recipes, in the same order."""
        return tuple(name for name in self.needed if name not in self.companions)


def needs_of(config: RecipeConfig, shared: str = "") -> list[str]:
    """Return the recipes that a recipe's own tests need: required, for tests, and its provider.

    Args:
        config: the recipe's settings.
        shared: the provider that is deployed already, or "".
    """
    provider = [config.sso.provider] if config.sso and config.sso.provider != shared else []
    return list(dict.fromkeys([*config.requires, *config.test_requires, *provider]))


def no_companion(name: str) -> CompanionConfig:
    """Fail: there are no companions.

    Raises:
        Misuse: always.
    """
    raise Misuse(f"There is no companion '{name}'.")


def plan_for(
    recipe: str,
    load: Callable[[str], RecipeConfig | None],
    shared: str = "",
    companion: Callable[[str], CompanionConfig] = no_companion,
) -> Plan:
    """Return what must be deployed before a recipe, and what all of it weighs.

    Args:
        recipe: the recipe under test, whose `test_requires`, companions and provider count.
        load: returns the configuration of an enrolled recipe, None for one that is not enrolled.
            Of what the recipe needs only `requires` counts: their own tests are not run.
        shared: the provider that is deployed already, or "".
        companion: returns the configuration of a companion; raises Misuse for one that is not
            there.

    Raises:
        Misuse: a recipe is not enrolled, they need each other in a circle, or a companion is not
            there or has the name of a recipe. Nothing was started.

    Example:
        >>> plan_for("gitea", load).layers
        (('keycloak',),)
    """
    config = load(recipe) or RecipeConfig()
    companions = {name: companion(name) for name in config.companions}
    needs = needs_of(config, shared)
    graph: dict[str, list[str]] = {recipe: [*needs, *companions]}
    weight = config.weight + sum(one.weight for one in companions.values())
    waiting = list(needs)
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
    both = next((name for name in companions if name in graph), None)
    if both:
        raise Misuse(
            f"'{both}' is a companion and a recipe that '{recipe}' needs, and their names must "
            "differ: 'Dependency' finds an app by it."
        )
    return Plan(_layers(graph, recipe), weight, tuple(companions))


def enrolled(project: Path, recipe: str) -> RecipeConfig | None:
    """Return a recipe's settings; None where the project has no folder for it."""
    path = config_path(project, recipe)
    return load_recipe_config(path) if path.exists() else None


def plan_in(project: Path, recipe: str, shared: str = "") -> Plan:
    """Return what must be deployed before a recipe of a project; see `plan_for`."""
    return plan_for(
        recipe,
        lambda name: enrolled(project, name),
        shared,
        lambda name: load_companion(project, name),
    )


def main(recipes: Iterable[str]) -> int:
    """Print what the recipes need; 1 when one of them is wrong."""
    names: dict[str, None] = {}
    try:
        for recipe in map(check_recipe_name, recipes):
            names.update(dict.fromkeys(plan_in(PROJECT, recipe).needed))
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
