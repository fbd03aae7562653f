"""The outcome of a matrix: the verdict of each recipe and of the whole."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ccci.errors import Misuse
from ccci.results.json_file import write_json
from ccci.results.modes import close, closed_folder
from ccci.results.store import RESULTS_FILE, Verdict, results_dir, stored_results, worst


@dataclass(frozen=True)
class RecipeOutcome:
    """The outcome of one recipe.

    Attributes:
        recipe: the name of the recipe.
        verdict: the verdict of its run; *incomplete* if no run finished.
        seconds: the duration of the run, as Robot measured it.
        waited_seconds: how long of that it waited for places on the node.
        run: the folder of its own results, relative to the project, or "".
        reason: why it is incomplete, or "".
        versions: `head` (the commit under test), `head_release`, `upgraded_from` and `abra`.
        stages: the verdict of each stage.
        stage_seconds: the duration of each stage in seconds.
        opt_outs: the reason for each stage that the recipe opted out of.
        peak_memory_bytes: peak memory of its apps together; None if it was not measured.
        overhead_cpu_seconds: CPU time of the harness itself; None if it was not measured.
    """

    recipe: str
    verdict: Verdict
    seconds: float = 0.0
    waited_seconds: float = 0.0
    run: str = ""
    reason: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    stages: dict[str, Verdict] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    opt_outs: dict[str, str] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    overhead_cpu_seconds: float | None = None


@dataclass(frozen=True)
class MatrixOutcome:
    """The outcome of a matrix, or of some of its parts.

    Attributes:
        verdict: the worst verdict of its recipes; *incomplete* if a recipe is missing.
        matrix: the id of the matrix.
        shards: the parts that are in it, such as 1/3.
        seconds: its duration; of several parts that of the longest.
        planned: every recipe of the whole matrix, also those of other parts.
        recipes: the outcomes of the recipes in these parts.
        not_finished: recipes in these parts that did not finish.
        not_run: recipes that no part ran; known once the parts are merged.
        problems: other reasons why it is incomplete, a sentence each.
        overhead_cpu_seconds: CPU time of the harness for all recipes, and of the matrix's process.
    """

    verdict: Verdict
    matrix: str
    shards: list[str]
    seconds: float
    planned: list[str]
    recipes: list[RecipeOutcome]
    not_finished: list[str]
    not_run: list[str]
    problems: list[str]
    overhead_cpu_seconds: float


def outcome_of(project: Path, recipe: str, matrix: str) -> RecipeOutcome:
    """Return the outcome of a recipe in a matrix.

    A process that was killed has no results, or those that its reaper wrote: it never counts as
    passed.
    """
    for folder, found in stored_results(results_dir(project) / recipe):
        facts = found["facts"]
        if facts.get("matrix") == matrix:  # Old results do not have this field.
            return RecipeOutcome(
                recipe=recipe,
                verdict=found["verdict"],
                seconds=float(found["seconds"]),
                waited_seconds=float(facts["waited_seconds"]),
                run=os.path.relpath(folder, project),
                reason=str(found["reason"]),
                versions={
                    name: str(facts[name])
                    for name in ("head", "head_release", "upgraded_from", "abra")
                },
                stages=found["stages"],
                stage_seconds=facts["stage_seconds"],
                opt_outs=facts["opt_outs"],
                peak_memory_bytes=found["peak_memory_bytes"],
                overhead_cpu_seconds=found["overhead_cpu_seconds"],
            )
    return RecipeOutcome(recipe, "incomplete", reason="it did not finish")


def whole_of(
    matrix: str,
    shards: Sequence[str],
    planned: Sequence[str],
    recipes: Sequence[RecipeOutcome],
    seconds: float,
    own_cpu_seconds: float,
    not_run: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> MatrixOutcome:
    """Return the outcome of a matrix from the outcomes of its recipes.

    Args:
        matrix: the id of the matrix.
        shards: the parts that are in it.
        planned: every recipe of the whole matrix.
        recipes: the outcomes of the recipes in these parts.
        seconds: its duration.
        own_cpu_seconds: CPU time of the matrix's own process.
        not_run: recipes that no part ran; with any of them the matrix is *incomplete*.
        problems: other reasons why it is incomplete.
    """
    verdicts: list[Verdict] = [one.verdict for one in recipes]
    if not_run or problems:
        verdicts.append("not run")
    overhead = own_cpu_seconds + sum(one.overhead_cpu_seconds or 0.0 for one in recipes)
    return MatrixOutcome(
        verdict=worst(verdicts),
        matrix=matrix,
        shards=list(shards),
        seconds=round(seconds, 2),
        planned=sorted(planned),
        recipes=list(recipes),
        not_finished=[one.recipe for one in recipes if one.verdict == "incomplete"],
        not_run=sorted(not_run),
        problems=list(problems),
        overhead_cpu_seconds=round(overhead, 2),
    )


def write_outcome(folder: Path, outcome: MatrixOutcome) -> None:
    """Write the results.json of a matrix, in one step."""
    closed_folder(folder)
    write_json(folder / RESULTS_FILE, asdict(outcome))
    close(folder)


def read_outcome(folder: Path) -> MatrixOutcome:
    """Read the results.json of a matrix.

    Raises:
        Misuse: there is no such folder, or it has no results of a matrix.
    """
    if not folder.is_dir():
        raise Misuse(f"There is no folder {folder}: name the folders that 'make matrix' wrote.")
    path = folder / RESULTS_FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        recipes = [RecipeOutcome(**one) for one in found.pop("recipes")]
        return MatrixOutcome(recipes=recipes, **found)
    except FileNotFoundError:
        raise Misuse(f"{folder} has no {RESULTS_FILE}: the matrix was killed there.") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Misuse(f"{path} is not the results.json of a matrix: {error}.") from None


def summary(outcome: MatrixOutcome, folder: Path) -> str:
    """Return the lines that the terminal shows at the end of a matrix."""
    lines = [_line(one) for one in outcome.recipes]
    if outcome.not_finished:
        lines.append(f"Did not finish: {', '.join(outcome.not_finished)}")
    if outcome.not_run:
        lines.append(f"Not run by any part: {', '.join(outcome.not_run)}")
    lines += outcome.problems
    paths = [f"Log:     {folder}/log.html", f"Report:  {folder}/report.html"]
    return "\n".join([*lines, f"Matrix:  {outcome.verdict}", *paths])


def _line(one: RecipeOutcome) -> str:
    peak = one.peak_memory_bytes
    memory = "       ?" if peak is None else f"{peak / 1024**2:8.0f}"
    line = f"{one.recipe:<20} {one.verdict:<11} {one.seconds:7.1f} s {memory} MiB  {one.reason}"
    return line.rstrip()
