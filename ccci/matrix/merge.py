"""`python -m ccci.matrix.merge FOLDER...`: merges the parts of a matrix from several machines."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from ccci.errors import Misuse
from ccci.matrix.outcome import MatrixOutcome, read_outcome, summary, whole_of, write_outcome
from ccci.matrix.plan import Shard
from ccci.matrix.report import OUTPUT, join
from ccci.project import PROJECT
from ccci.results.store import results_dir
from ccci.run.run import new_run_id


@click.command(help="Merge the folders that 'make matrix SHARD=...' wrote into one report.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="the folder for the merged report")
def main(folders: tuple[Path, ...], output: Path | None) -> None:
    """Merge parts; the exit code is 0 only if every recipe of the whole matrix passed."""
    folder = output.resolve() if output else results_dir(PROJECT) / "matrix" / new_run_id()
    try:
        outcome = merge([one.resolve() for one in folders], folder)
    except Misuse as error:
        raise click.ClickException(str(error)) from None
    click.echo(summary(outcome, folder))
    sys.exit(0 if outcome.verdict == "passed" else 1)


def merge(folders: Sequence[Path], target: Path) -> MatrixOutcome:
    """Merge the parts of a matrix, write results.json and the reports, and return the outcome.

    A recipe that no part ran, or a part that is missing, is named, and the verdict is then
    *incomplete*.

    Args:
        folders: the folders that `make matrix` wrote on each machine.
        target: the folder for the merged report.

    Raises:
        Misuse: a folder does not exist, has no results, or is named twice.
    """
    parts = {folder: read_outcome(folder) for folder in folders}
    if len(parts) < len(folders):
        raise Misuse("A folder is named twice: name each part once.")
    if target in parts:
        raise Misuse(f"{target} is one of the parts: name another folder for the merged report.")
    planned = sorted({recipe for part in parts.values() for recipe in part.planned})
    recipes = [one for part in parts.values() for one in part.recipes]
    ran = {one.recipe for one in recipes}
    not_run = [recipe for recipe in planned if recipe not in ran]
    reasons = {one.recipe: one.reason for one in recipes}
    reasons |= dict.fromkeys(not_run, "no part of the matrix ran this recipe")
    absent = join(target, [folder / OUTPUT for folder in parts], reasons)
    outcome = whole_of(
        target.name,
        [shard for part in parts.values() for shard in part.shards],
        planned,
        recipes,
        max(part.seconds for part in parts.values()),
        time.process_time() + sum(_own_cpu_seconds(part) for part in parts.values()),
        not_run,
        [*_problems(parts), *(_without_output(one) for one in absent if one in ran)],
    )
    write_outcome(target, outcome)
    return outcome


def _problems(parts: dict[Path, MatrixOutcome]) -> list[str]:
    """Return why the parts are not one whole matrix, and the problems of each part."""
    problems = [problem for part in parts.values() for problem in part.problems]
    shards = [Shard.parse(text) for part in parts.values() for text in part.shards]
    counts = sorted({shard.count for shard in shards})
    if len(counts) > 1:
        problems.append(f"The parts do not belong together: {', '.join(map(str, shards))}.")
    for count in counts:
        numbers = [shard.number for shard in shards if shard.count == count]
        for number in range(1, count + 1):
            if number not in numbers:
                problems.append(f"Part {number}/{count} is missing.")
            elif numbers.count(number) > 1:
                problems.append(f"Part {number}/{count} was given {numbers.count(number)} times.")
    plans = {tuple(part.planned) for part in parts.values()}
    if len(plans) > 1:
        problems.append("The parts were planned from different lists of recipes.")
    return problems


def _own_cpu_seconds(part: MatrixOutcome) -> float:
    recipes = sum(one.overhead_cpu_seconds or 0.0 for one in part.recipes)
    return max(0.0, part.overhead_cpu_seconds - recipes)


def _without_output(recipe: str) -> str:
    return f"{recipe}: its part has its results, but not its output.xml."


if __name__ == "__main__":
    main()
