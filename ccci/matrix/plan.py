"""Which recipes a matrix runs, in which order, and which part of them runs on this machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ccci.budget.measured import measured
from ccci.errors import Misuse
from ccci.recipe import dependencies
from ccci.recipe.config import check_recipe_name

# A recipe without a measured time comes first, because it may take long.
UNKNOWN_SECONDS = float("inf")


@dataclass(frozen=True)
class Entry:
    """One recipe of a matrix.

    Args:
        recipe: the name of the recipe.
        seconds: how long its last full run took on this machine, without the wait for places.
        weight: the places that it takes, as recipe.toml declares them, with its dependencies.
    """

    recipe: str
    seconds: float = UNKNOWN_SECONDS
    weight: int = 1


@dataclass(frozen=True)
class Shard:
    """A part of a matrix: number 1 of 3, as in SHARD=1/3.

    Args:
        number: which part, from 1.
        count: how many parts.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read a part, such as 1/3.

        Raises:
            Misuse: the text is not a part, or there is no such part.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise Misuse(
                f"SHARD is {text!r}: it must be the part and the number of parts, as in 1/3."
            )
        if not 1 <= int(number) <= int(count):
            raise Misuse(f"There is no part {number} of {count}. Write it as in SHARD=1/3.")
        return cls(int(number), int(count))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def enrolled(project: Path) -> list[str]:
    """Return the names of the recipes that have both a suite and a recipe folder, sorted."""
    suites = {folder.name for folder in (project / "suites").iterdir() if folder.is_dir()}
    folders = {folder.name for folder in (project / "recipes").iterdir() if folder.is_dir()}
    return sorted(suites & folders)


def longest_first(project: Path, names: Iterable[str]) -> list[Entry]:
    """Return these recipes, or all enrolled ones if there are no names; the longest first.

    A long recipe that starts last would make the whole matrix longer.

    Raises:
        Misuse: a recipe or one of its dependencies is not enrolled.
    """
    known = enrolled(project)
    chosen = list(dict.fromkeys(names)) or known
    for recipe in chosen:
        if check_recipe_name(recipe) not in known:
            raise Misuse(f"Recipe '{recipe}' is not enrolled. Enrolled are: {', '.join(known)}.")
    entries = [_entry(project, recipe) for recipe in chosen]
    return sorted(entries, key=lambda entry: (-entry.seconds, -entry.weight, entry.recipe))


def shard_of(entries: list[Entry], shard: Shard) -> list[Entry]:
    """Return the part of a matrix that one of several machines runs, balanced by weight.

    Only declared weights count. Measured times differ between machines, but all machines must
    compute the same parts, or a recipe could be in none of them.

    Args:
        entries: the whole matrix; its order is kept.
        shard: the part to return.
    """
    parts: list[set[str]] = [set() for _ in range(shard.count)]
    loads = [0] * shard.count
    for entry in sorted(entries, key=lambda entry: (-entry.weight, entry.recipe)):
        lightest = loads.index(min(loads))
        parts[lightest].add(entry.recipe)
        loads[lightest] += entry.weight
    return [entry for entry in entries if entry.recipe in parts[shard.number - 1]]


def _entry(project: Path, recipe: str) -> Entry:
    seconds = measured(project, recipe).seconds
    plan = dependencies.plan_in(project, recipe)
    return Entry(recipe, UNKNOWN_SECONDS if seconds is None else seconds, plan.weight)
