"""Which recipes a matrix runs, and in which order."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import Misuse
from ccci.recipe import check_recipe_name

# A recipe that was never measured comes first: nobody knows that it is short.
UNKNOWN_SECONDS = float("inf")


@dataclass(frozen=True)
class Entry:
    """One recipe of a matrix, and how long its last full run took."""

    recipe: str
    seconds: float


def enrolled(project: Path) -> list[str]:
    """Return the recipes that have both a suite and a folder, by name."""
    suites = {folder.name for folder in (project / "suites").iterdir() if folder.is_dir()}
    folders = {folder.name for folder in (project / "recipes").iterdir() if folder.is_dir()}
    return sorted(suites & folders)


def longest_first(project: Path, wanted: Iterable[str]) -> list[Entry]:
    """Return the wanted recipes, or all enrolled ones where none is named; the longest first.

    The long ones decide when the whole ends, so they must not begin last.

    Raises:
        Misuse: a recipe is not enrolled.
    """
    known = enrolled(project)
    chosen = list(dict.fromkeys(wanted)) or known
    for recipe in chosen:
        if check_recipe_name(recipe) not in known:
            raise Misuse(f"Recipe '{recipe}' is not enrolled; enrolled are: {', '.join(known)}.")
    entries = [Entry(recipe, _last_seconds(project, recipe)) for recipe in chosen]
    return sorted(entries, key=lambda entry: (-entry.seconds, entry.recipe))


def shard_of(entries: list[Entry], number: int, count: int) -> list[Entry]:
    """Return the part of a matrix that one of several machines runs, balanced by seconds.

    Every machine computes the same parts, as long as it has the same measurements.

    Args:
        entries: the whole matrix, the longest first.
        number: which part, from 1.
        count: how many parts.

    Raises:
        Misuse: there is no such part.
    """
    if not 1 <= number <= count:
        raise Misuse(f"There is no part {number} of {count}: as in SHARD=1/3.")
    known = [entry.seconds for entry in entries if entry.seconds != UNKNOWN_SECONDS]
    usual = sum(known) / len(known) if known else 1.0
    parts: list[list[Entry]] = [[] for _ in range(count)]
    loads = [0.0] * count
    for entry in entries:
        lightest = loads.index(min(loads))
        parts[lightest].append(entry)
        loads[lightest] += usual if entry.seconds == UNKNOWN_SECONDS else entry.seconds
    return parts[number - 1]


def _last_seconds(project: Path, recipe: str) -> float:
    runs = sorted((project / "results" / recipe).glob("[0-9]*/results.json"), reverse=True)
    for path in runs:
        results = json.loads(path.read_text(encoding="utf-8"))
        if results["verdict"] == "passed":
            return float(results["seconds"])
    return UNKNOWN_SECONDS
