"""Runs one trial: a copy of the recipe is broken, and its suite runs on it as from a shell."""

import re
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from ccci.audit.record import Finding, key_of
from ccci.audit.trial import Trial
from ccci.project import PROJECT
from ccci.recipe.checkout import check_out, commit_files
from ccci.results.failed_tests import FailedTest, NotReadable, failed_tests
from ccci.results.reasons import one_line
from ccci.results.store import RESULTS_FILE, read_results
from ccci.run.process import start_robot
from ccci.stage_names import STAGES

_LONGEST_LINE = 300


@dataclass
class Runner:
    """Runs trials of one recipe, several at a time from threads of their own.

    Args:
        recipe: the recipe.
        source: its repository.
        head: the commit to break.
        folder: the audit's folder.
        timeout_seconds: how long the app may take to come up, where the install stage may notice
            the defect; 0 for what recipe.toml says.
    """

    recipe: str
    source: Path
    head: str
    folder: Path
    timeout_seconds: int = 0
    _live: set["subprocess.Popen[bytes]"] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def stop(self) -> None:
        """Interrupt all runs, which then tear themselves down; start no more."""
        with self._lock:
            self._stopped = True
            for process in self._live:
                process.send_signal(signal.SIGINT)

    def try_out(self, trial: Trial) -> Finding | None:
        """Run a trial and return what it showed; None if it was interrupted."""
        began = time.monotonic()
        place = self.folder / "runs" / re.sub(r"\W+", "-", trial.name).strip("-")
        # An audit that was interrupted may have left half a run there.
        shutil.rmtree(place, ignore_errors=True)
        repository = place / "recipe" / self.recipe
        repository.parent.mkdir(parents=True, exist_ok=True)
        checkout = check_out(self.recipe, self.source, repository, self.head)
        for name, text in trial.files.items():
            (checkout.path / name).write_text(text, encoding="utf-8")
        if trial.files:
            commit_files(checkout.path, f"Broken on purpose: {trial.name}")
        if not self._robot(trial, place, checkout.path):
            return None
        return judge(trial, place, self.folder, time.monotonic() - began)

    def options(self, trial: Trial, repository: Path) -> list[str]:
        """Return Robot's options for a trial, without the suite."""
        # Without --suite it is a full run.
        chosen = () if trial.stages == STAGES else trial.stages
        options = [word for stage in chosen for word in ("--suite", stage)]
        # The first failure ends the run: any, or the one that the defect tells.
        if trial.message:
            options += ["--listener", f"ccci.audit.ending.Ending:{trial.message}"]
        else:
            options.append("--exitonfailure")
        variables = {"RECIPE_SOURCE": str(repository), **trial.variables}
        if self.timeout_seconds and "install" in chosen:
            variables["TIMEOUT"] = str(self.timeout_seconds)
        if trial.alone:
            variables["ALONE"] = "1"
        return options + [w for k, v in variables.items() for w in ("--variable", f"{k}:{v}")]

    def _robot(self, trial: Trial, place: Path, repository: Path) -> bool:
        words = self.options(trial, repository)
        suite = PROJECT / "suites" / self.recipe
        if not suite.is_dir():
            words += ["--variable", f"RECIPE:{self.recipe}"]
            suite = PROJECT / "suites" / "generic"
        with (place / "terminal.txt").open("wb") as terminal:
            with self._lock:
                if self._stopped:
                    return False
                process = start_robot(
                    PROJECT, suite, terminal, words, {"CCCI_RESULTS_DIR": str(place)}
                )
                self._live.add(process)
            try:
                # Its own limit ends a run that hangs: see `ccci.run.longest`.
                process.wait()
            finally:
                with self._lock:
                    self._live.discard(process)
        return not self._stopped


def judge(trial: Trial, place: Path, folder: Path, seconds: float) -> Finding:
    """Return whether a run noticed the defect at a stage that should, and for what it is."""
    run = next(iter(sorted(place.glob(f"*/[0-9]*/{RESULTS_FILE}"))), None)
    results = read_results(run.parent) if run else None
    terminal = (place / "terminal.txt").read_text(encoding="utf-8", errors="replace")
    if run is None or results is None:
        lines = [line for line in terminal.splitlines() if line.strip()] or ["no output"]
        # Robot goes on after an error in a file, and ends with where its report is.
        error = next((line for line in lines if line.startswith("[ ERROR ]")), lines[-1])
        said = _line(f"no results: {error}")
        return Finding(
            trial.name, trial.stages, said=said, seconds=seconds, incomplete=True, key=key_of(trial)
        )
    failed = _failed(run.parent / "xunit.xml")
    red = next((stage for stage in trial.stages if results.stages.get(stage) == "failed"), "")
    # Not in the terminal: the folder of the run, named for the defect, is printed there, too.
    messages = " ".join([results.reason, *(t.message for t in failed if t.stage == red)])
    is_as_said = one_line(trial.message) in one_line(messages)
    is_caught = (
        results.verdict == "failed"
        and red not in ("", *trial.before)
        and all(results.stages.get(stage) == "passed" for stage in trial.before)
        and is_as_said
    )
    # A test that really ran says more than those that were skipped because of it.
    at_stage = sorted((t for t in failed if t.stage == red), key=lambda t: bool(t.skipped_because))
    first = next(iter(at_stage), None)
    said = results.reason or ("nothing was noticed" if not red else "")
    if first:
        said = f"{first.name}: {first.message}"
    if red and not is_as_said:
        said = f"red, but without {trial.message!r}: {said}"
    return Finding(
        trial.name,
        trial.stages,
        red,
        is_caught,
        results.verdict == "passed",
        _line(said),
        round(seconds - results.facts.waited_seconds, 1),
        str(run.parent.relative_to(folder)),
        incomplete=any(results.stages.get(stage) == "incomplete" for stage in trial.stages),
        key=key_of(trial),
    )


def _line(text: str) -> str:
    return one_line(text)[:_LONGEST_LINE]


def _failed(path: Path) -> tuple[FailedTest, ...]:
    try:
        return failed_tests(path)
    except (OSError, NotReadable):
        return ()
