"""What came of a matrix: the verdict of each recipe, and of the whole."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ccci.results import Verdict, worst


@dataclass(frozen=True)
class RecipeOutcome:
    """What a matrix knows of one recipe; `run` is the folder of its own results, or ""."""

    recipe: str
    verdict: Verdict
    seconds: float
    run: str
    reason: str


def outcome_of(project: Path, recipe: str, matrix: str) -> RecipeOutcome:
    """Return what came of a recipe in a matrix.

    A process that was killed has no results of its own: it never counts as passed.
    """
    for path in sorted((project / "results" / recipe).glob("[0-9]*/results.json"), reverse=True):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["facts"].get("matrix") == matrix:  # Older results know of none.
            run = str(path.parent.relative_to(project))
            return RecipeOutcome(
                recipe, found["verdict"], float(found["seconds"]), run, str(found["reason"])
            )
    return RecipeOutcome(recipe, "incomplete", 0.0, "", "it did not finish")


def write_outcome(folder: Path, outcomes: list[RecipeOutcome], seconds: float) -> Verdict:
    """Write the matrix's results.json and return the verdict of the whole."""
    verdict = worst([outcome.verdict for outcome in outcomes])
    content = {
        "verdict": verdict,
        "seconds": round(seconds, 2),
        "recipes": [asdict(outcome) for outcome in outcomes],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return verdict
