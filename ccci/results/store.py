"""results.json in results/<recipe>/<run id>/: the results of a run, for programs."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ccci.results.json_file import write_json
from ccci.results.modes import close, closed_folder

Verdict = Literal["passed", "failed", "opted out", "incomplete", "not run"]
ImageOrigin = Literal["pulled", "built by the lab", "was there"]
RUNS_KEPT = 20
# The environment variable that a matrix sets for its runs.
MATRIX_VARIABLE = "CCCI_MATRIX"
RESULTS_FILE = "results.json"
# How the text begins that says of an upgrade that it changed no version.
NO_CHANGE = "no change of version"
# Reasons of runs that were ended from outside: it makes sense to run them again.
CUT_OFF = "the run's process ended before the run did"
INTERRUPTED = "the run was interrupted"
DOCKER_GONE = "the Docker daemon went away during the run"
PROVIDER_GONE = "the matrix that deployed the provider for this run ended before it"


@dataclass(frozen=True)
class UsedImage:
    """An image that the app under test ran.

    Attributes:
        name: as the compose file names it.
        id: Docker's id of it, `sha256:...`.
        origin: where it came from; *was there* where the node cannot tell.
        versions: what ran it: "head", and the release that the upgrade started from.
    """

    name: str
    id: str
    origin: ImageOrigin
    versions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunFacts:
    """What was run.

    Attributes:
        run_id: the id of the run.
        recipe: the recipe under test.
        head: the full hash of the commit under test.
        head_release: the release in the compose file of this commit, or "".
        upgraded_from: the release that the upgrade started from, or "".
        upgrade: what the upgrade changed, or "" if there was none.
        pull_request: the number of the pull request; 0 for none.
        domain: the host name of the app.
        abra: the output of `abra --version`.
        opt_outs: the reason for each stage that the recipe opted out of.
        generic: whether the recipe has only the generic stages.
        stage_seconds: the duration of each stage in seconds.
        downtime_seconds: for how long the app was away in a restart, an upgrade and a restore.
        started: when the run started, as ISO time in UTC.
        matrix: the id of the matrix that the run was part of, or "".
        shared_provider: the recipe of the provider that the run shared in a matrix, or "".
        waited_seconds: how long the run waited for places on the node before it started.
        own_copy: whether it tested the server's own copy of the recipe, and no other repository.
        suite: which tests it had, see `ccci.results.suite_fingerprint`.
        head_version: the version in the labels of the deployed head, or "".
        images: the images that the app under test ran, at the head and at the release.
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
    downtime_seconds: dict[str, float] = field(default_factory=dict)
    started: str = ""
    matrix: str = ""
    shared_provider: str = ""
    waited_seconds: float = 0.0
    upgrade: str = ""
    own_copy: bool = False
    suite: str = ""
    head_version: str = ""
    images: list[UsedImage] = field(default_factory=list)


@dataclass(frozen=True)
class RunResults:
    """The results of a run.

    Attributes:
        facts: what was run.
        verdict: the verdict of the whole run; *incomplete* says nothing about the recipe.
        stages: the verdict of each stage; a stage that was not selected is *not run*.
        tests: how many tests passed, failed, and were opted out.
        seconds: the duration of the run as Robot measured it, including the wait for places.
        reason: why it is incomplete, or "".
        redactions: how many files had a credential that was removed.
        peak_memory_bytes: peak memory of the run's apps together, as `ccci.swarm.memory` measures
            it; None if it was not measured.
        overhead_cpu_seconds: the overhead of the harness: CPU time of Robot's own process, without
            abra, Docker, the apps and the browser, which are other processes.
        passed_tests: the tests that passed, as `tests.txt` names them.
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
    passed_tests: list[str] = field(default_factory=list)


def results_dir(project: Path) -> Path:
    """Return the folder with the results of all recipes.

    ``CCCI_RESULTS_DIR`` can name another folder, for example for a recipe that is broken on
    purpose: these results must not be mixed with the recipe's own.
    """
    return Path(os.environ.get("CCCI_RESULTS_DIR") or project / "results")


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict of a whole from the verdicts of its parts.

    If one part failed, the whole failed, even if others are incomplete. If a part was not run, the
    whole is incomplete.
    """
    if "failed" in verdicts:
        return "failed"
    if not verdicts or "incomplete" in verdicts or "not run" in verdicts:
        return "incomplete"
    return "passed" if "passed" in verdicts else "opted out"


def write_results(folder: Path, results: RunResults) -> None:
    """Write results.json in one step, close the folder to others, and let `latest` point to it."""
    closed_folder(folder)
    write_json(folder / RESULTS_FILE, asdict(results))
    close(folder)
    link = folder.parent / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(folder.parent / "latest")


def read_results(folder: Path) -> RunResults | None:
    """Read results.json; None if it is missing or invalid.

    Args:
        folder: the folder of a run.
    """
    try:
        found = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
        facts = found["facts"]
        images = [UsedImage(**one) for one in facts.get("images", [])]
        return RunResults(**{**found, "facts": RunFacts(**{**facts, "images": images})})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stored_results(recipe_folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder of each run of a recipe and the content of its results.json, newest first.

    Example: ``[folder for folder, found in stored_results(results_dir(project) / "n8n")]``
    """
    for path in sorted(recipe_folder.glob(f"[0-9]*/{RESULTS_FILE}"), reverse=True):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # A run that has just ended may have removed the oldest results.
        yield path.parent, json.loads(text)


def was_cut_off(results: RunResults) -> bool:
    """Return whether a run was ended from outside."""
    return results.verdict == "incomplete" and results.reason in (
        CUT_OFF,
        INTERRUPTED,
        PROVIDER_GONE,
        DOCKER_GONE,
    )


def prune_results(recipe_folder: Path, keep: int = RUNS_KEPT) -> list[str]:
    """Keep the newest runs of a recipe and remove the others; return the removed runs' names."""
    runs = sorted(p for p in recipe_folder.iterdir() if p.is_dir() and not p.is_symlink())
    gone = [run for run in runs if (run / RESULTS_FILE).exists()][:-keep]
    for run in gone:
        shutil.rmtree(run)
    return [run.name for run in gone]
