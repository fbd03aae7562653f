"""results/<recipe>/<run id>/: what is kept of a run, in a form that programs read."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["passed", "failed", "opted out", "incomplete", "not run"]
RUNS_KEPT = 20
# Set by a matrix for the runs that it starts.
MATRIX_VARIABLE = "CCCI_MATRIX"
RESULTS_FILE = "results.json"
# Reasons of runs that say nothing because something outside ended them: begun again, they may.
CUT_OFF = "the run's process ended before the run did"
INTERRUPTED = "the run was interrupted"
PROVIDER_GONE = "the matrix that deployed the provider for this run ended before it"


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before its tests are counted.

    Attributes:
        run_id: its identity.
        recipe: the recipe under test.
        head: the full hash of the commit under test.
        head_release: the release that the head's compose file names, or "".
        upgraded_from: the release before it, or "".
        pull_request: its number, 0 where there is none.
        domain: the app's host name.
        abra: what `abra --version` said.
        opt_outs: stage to reason.
        generic: only the generic stages exist for this recipe.
        stage_seconds: how long each stage took.
        started: ISO time in UTC.
        matrix: the matrix that the run was part of, or "".
        shared_provider: the recipe of the provider that the matrix deployed for its runs, or "".
        waited_seconds: how long it waited for its share of the budget, before anything was made.
    """

    run_id: str
    recipe: str
    head: str = ""
    head_release: str = ""
    upgraded_from: str = ""
    pull_request: int = 0
    domain: str = ""
    abra: str = ""
    opt_outs: dict[str, str] = field(default_factory=dict)
    generic: bool = False
    stage_seconds: dict[str, float] = field(default_factory=dict)
    started: str = ""
    matrix: str = ""
    shared_provider: str = ""
    waited_seconds: float = 0.0


@dataclass(frozen=True)
class RunResults:
    """The outcome of a run.

    Attributes:
        facts: what was run.
        verdict: of the whole run; *incomplete* says nothing about the recipe.
        stages: stage to verdict; a stage that was not chosen is *not run*.
        tests: how many passed, failed and were opted out.
        seconds: the whole run, as Robot counted it; what it waited for its share is in it.
        reason: why it is incomplete, or "".
        redactions: how many artefacts held a credential that had to be taken out.
        peak_memory_bytes: of the run's apps together, as `ccci.swarm.memory` counts; None: not
            measured.
        overhead_cpu_seconds: the harness's overhead: the processor's time that Robot's own process
            took. abra, Docker, the apps and the browser are other processes; waiting costs none.
    """

    facts: RunFacts
    verdict: Verdict
    stages: dict[str, Verdict]
    tests: dict[str, int]
    seconds: float
    reason: str = ""
    redactions: int = 0
    peak_memory_bytes: int | None = None
    overhead_cpu_seconds: float | None = None


def results_dir(project: Path) -> Path:
    """Return the folder that holds the results of all recipes.

    ``CCCI_RESULTS_DIR`` names another one: a recipe that was broken on purpose must not be counted
    among the recipe's own results.
    """
    return Path(os.environ.get("CCCI_RESULTS_DIR") or project / "results")


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict of a whole from the verdicts of its parts.

    One broken promise is a failure, whatever else was incomplete. A part that was not run leaves
    the whole incomplete: nobody saw it pass.
    """
    if "failed" in verdicts:
        return "failed"
    if not verdicts or "incomplete" in verdicts or "not run" in verdicts:
        return "incomplete"
    return "passed" if "passed" in verdicts else "opted out"


def write_results(folder: Path, results: RunResults) -> None:
    """Write results.json, whole or not at all, and point `latest` at this run."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{RESULTS_FILE}"
    draft.write_text(json.dumps(asdict(results), indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / RESULTS_FILE)
    link = folder.parent / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(folder.parent / "latest")


def read_results(folder: Path) -> RunResults | None:
    """Read what `write_results` wrote; None where there is nothing, or nothing that can be read.

    Args:
        folder: of one run.
    """
    try:
        found = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
        return RunResults(**{**found, "facts": RunFacts(**found["facts"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stored_results(recipe_folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder of each run of a recipe and what its results.json says, the newest first.

    Example: ``[folder for folder, found in stored_results(results_dir(project) / "n8n")]``
    """
    for path in sorted(recipe_folder.glob(f"[0-9]*/{RESULTS_FILE}"), reverse=True):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # A run that ended meanwhile has removed the oldest results.
        yield path.parent, json.loads(text)


def was_cut_off(results: RunResults) -> bool:
    """Tell whether a run ended because something outside ended it."""
    return results.verdict == "incomplete" and results.reason in (
        CUT_OFF,
        INTERRUPTED,
        PROVIDER_GONE,
    )


def prune_results(recipe_folder: Path, keep: int = RUNS_KEPT) -> list[str]:
    """Remove the folders of the oldest runs beyond `keep`, and return their names."""
    runs = sorted(p for p in recipe_folder.iterdir() if p.is_dir() and not p.is_symlink())
    gone = [run for run in runs if (run / RESULTS_FILE).exists()][:-keep]
    for run in gone:
        shutil.rmtree(run)
    return [run.name for run in gone]
