"""What came of a matrix: the verdict of each recipe, and of the whole."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ccci.errors import Misuse
from ccci.results.store import RESULTS_FILE, Verdict, results_dir, stored_results, worst


@dataclass(frozen=True)
class RecipeOutcome:
    """What a matrix knows of one recipe.

    Attributes:
        recipe: its name.
        verdict: of its run; *incomplete* where no run ended.
        seconds: the run, as Robot counted it.
        waited_seconds: how long, of these, it waited for its share of the budget.
        run: the folder of its own results below the project, or "".
        reason: why it is incomplete, or "".
        versions: `head` (commit), `head_release`, `upgraded_from` and `abra`.
        stages: stage to verdict.
        stage_seconds: stage to seconds.
        opt_outs: stage to reason.
        peak_memory_bytes: of its apps together; None where it was not measured.
        overhead_cpu_seconds: the processor's time that the harness itself took; None as above.
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
    """What came of a matrix, or of several parts of one.

    Attributes:
        verdict: the worst of its recipes; *incomplete* where one is missing.
        matrix: its identity.
        shards: the parts that are in it, such as 1/3.
        seconds: from the beginning to the end; of several parts the longest.
        planned: every recipe of the whole matrix, those of other parts too.
        recipes: what came of those that are in it.
        not_finished: recipes that were begun, or were to be, and did not come to their end.
        not_run: recipes of the whole matrix that are in none of its parts; known once they are
            joined.
        problems: what else keeps it from being whole, a sentence each.
        overhead_cpu_seconds: the harness's, over all recipes, with the matrix's own process.
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
    """Return what came of a recipe in a matrix.

    A process that was killed has no results of its own, or those that its reaper wrote: it never
    counts as passed.
    """
    for folder, found in stored_results(results_dir(project) / recipe):
        facts = found["facts"]
        if facts.get("matrix") == matrix:  # Older results know of none.
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
    """Return the outcome of a matrix from those of its recipes.

    Args:
        matrix: its identity.
        shards: the parts that are in it.
        planned: every recipe of the whole matrix.
        recipes: what came of those that are in it.
        seconds: how long it took.
        own_cpu_seconds: the processor's time of the matrix's own process.
        not_run: recipes that are in no part; with one of them nothing is passed.
        problems: what else keeps it from being passed.
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
    """Write the matrix's results.json, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{RESULTS_FILE}"
    draft.write_text(json.dumps(asdict(outcome), indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / RESULTS_FILE)


def read_outcome(folder: Path) -> MatrixOutcome:
    """Read what a matrix left in its folder.

    Raises:
        Misuse: there is no such folder, or it holds no results of a matrix.
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
        raise Misuse(f"{path} holds no results of a matrix: {error}.") from None


def told(outcome: MatrixOutcome, folder: Path) -> str:
    """Return what a terminal shows of a matrix at its end."""
    lines = [_line(one) for one in outcome.recipes]
    if outcome.not_finished:
        lines.append(f"Did not finish: {', '.join(outcome.not_finished)}")
    if outcome.not_run:
        lines.append(f"Not run by any part: {', '.join(outcome.not_run)}")
    lines += outcome.problems
    places = [f"Log:     {folder}/log.html", f"Report:  {folder}/report.html"]
    return "\n".join([*lines, f"Matrix:  {outcome.verdict}", *places])


def _line(one: RecipeOutcome) -> str:
    peak = one.peak_memory_bytes
    memory = "       ?" if peak is None else f"{peak / 1024**2:8.0f}"
    line = f"{one.recipe:<20} {one.verdict:<11} {one.seconds:7.1f} s {memory} MiB  {one.reason}"
    return line.rstrip()
