"""The artefacts of a run: gathered, searched for credentials, and put into its results folder.

Robot writes its log after the last keyword, so that this is done when the process ends. Where
Robot's output folder is not the run's results folder (a pabot worker, a folder that the caller
chose), the artefacts are copied.
"""

import atexit
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import docker
from robot.rebot import rebot

from ccci.bridge.judgement import Disturbance, judge
from ccci.bridge.plain_log import mend_output, restrict_pages
from ccci.bridge.verdicts import passed_tests
from ccci.errors import CcciError, Misuse
from ccci.results.artefacts import clean, save_logs
from ccci.results.clearance import clear
from ccci.results.modes import close, closed_folder, limit
from ccci.results.progress import write_progress
from ccci.results.store import (
    DOCKER_GONE,
    INTERRUPTED,
    MATRIX_VARIABLE,
    PROVIDER_GONE,
    RunFacts,
    RunResults,
    prune_results,
    results_dir,
    was_cut_off,
    write_results,
)
from ccci.results.suite_fingerprint import fingerprint_of_suite
from ccci.run.run import Run, new_run_id
from ccci.swarm.daemon import DaemonWatch
from ccci.swarm.memory import MemoryWatch

_LOGS = "services"


@dataclass
class _Published:
    """What is known of the run of this process."""

    facts: RunFacts | None = None
    output: Path = Path()
    results: Path = Path()
    suites: Path = Path()
    run: Run | None = None
    memory: MemoryWatch | None = None
    docker: DaemonWatch | None = None
    disturbances: list[Disturbance] = field(default_factory=list)

    @property
    def secrets(self) -> list[str]:
        """The run's credentials; they stay in memory when the run's store is destroyed."""
        return self.run.record.credentials.values() if self.run else []


_published = _Published()


def prepare(recipe: str, project: Path, output: Path) -> None:
    """Publish the results when this process ends, however far the run gets.

    Args:
        recipe: the recipe under test.
        project: the folder that holds results/.
        output: Robot's output folder.

    Raises:
        Misuse: it has more than Robot's output.
    """
    _require_folder_of_its_own(output, project)
    run_id = os.environ.setdefault("CCCI_RUN_ID", new_run_id())
    _published.facts = RunFacts(
        run_id,
        recipe,
        started=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        matrix=os.environ.get(MATRIX_VARIABLE, ""),
        # Now, since somebody may edit them while the run goes on.
        suite=fingerprint_of_suite(project, recipe),
    )
    _published.output = output
    _published.suites = project / "suites"
    _published.results = results_dir(project) / recipe / run_id
    closed_folder(_published.results)
    # Robot may have made all of these, with the files that it has open.
    close(_published.results)
    if results_dir(project) == project / "results":
        for above in _published.results.parents[:2]:
            limit(above)
    atexit.register(_publish)
    show_progress("start", {}, 0)


def _require_folder_of_its_own(output: Path, project: Path) -> None:
    """Plain Robot writes where it is called. All that is there would be searched and copied."""
    for place in (Path.cwd(), project, Path.home()):
        if place.resolve().is_relative_to(output.resolve()):
            raise Misuse(
                f"Robot's output folder is {output}, which has other files: choose one for this "
                "run alone with --outputdir, or call this project's robot, which makes one "
                "('. .venv/bin/activate' puts it on PATH)."
            )


def show_progress(stage: str, stage_seconds: dict[str, float], failures: int) -> None:
    """Write to the results folder that a stage begins, for programs that watch the run.

    Raises:
        NodeFailure: it cannot be written.
    """
    write_progress(_published.results, stage, stage_seconds, failures)


def interrupted() -> None:
    """Note that the run is being interrupted: failures from now on say nothing of the recipe."""
    _published.disturbances.append(Disturbance(datetime.now(), INTERRUPTED))


def test_failed(at: datetime, death: Callable[[], str]) -> None:
    """Note what took the ground from under a test: its failure then says nothing of the recipe.

    Args:
        at: when the test ended.
        death: returns how an app died that the recipe under test depends on, or "".
    """
    if reason := _provider_gone() or death():
        _published.disturbances.append(Disturbance(at, reason))


def is_disturbed() -> bool:
    """Return whether something came between, so that a failure says nothing of the recipe."""
    return _first_disturbance("") is not None


def results_folder() -> Path:
    """Return the folder of the run's results."""
    return _published.results


def note_upgrade(change: str) -> None:
    """Note what the upgrade changed."""
    assert _published.facts is not None
    _published.facts = replace(_published.facts, upgrade=change)


def _first_disturbance(but: str) -> Disturbance | None:
    """Return what came between first, leaving out one reason."""
    found = [one for one in _published.disturbances if one.reason != but]
    if _published.docker and _published.docker.gone_at:
        found.append(Disturbance(_published.docker.gone_at, DOCKER_GONE))
    return min(found, default=None)


def describe(run: Run) -> Path:
    """Note what is under test; return the results folder."""
    assert _published.facts is not None
    _published.run = run
    _published.memory = MemoryWatch(docker.from_env(), run.record.journal.stacks)
    _published.memory.start()
    _published.docker = DaemonWatch()
    _published.docker.start()
    _published.facts = replace(
        _published.facts,
        head=run.checkout.commit,
        head_release=str(run.checkout.head_release or ""),
        upgraded_from=_upgraded_from(run),
        pull_request=run.options.pull_request,
        domain=run.driver.app.domain,
        abra=run.abra_version,
        opt_outs=_opt_outs(run),
        generic=not (run.options.project / "suites" / run.options.recipe).exists(),
        shared_provider=run.shared_provider.recipe if run.shared_provider else "",
        waited_seconds=round(run.share.waited_seconds, 2),
        own_copy=run.options.source is None,
    )
    return _published.results


def gather(run: Run, stage_seconds: dict[str, float], downtime: dict[str, float]) -> None:
    """Note what ran and for how long, and save the service logs before the teardown."""
    assert _published.facts is not None
    if _published.memory:
        _published.memory.stop()
    seconds = {stage: round(value, 2) for stage, value in stage_seconds.items()}
    _published.facts = replace(
        _published.facts,
        stage_seconds=seconds,
        downtime_seconds=dict(downtime),
        head_version=run.driver.head_version,
        images=list(run.driver.used_images),
    )
    save_service_logs(run)
    for driver in run.extra_apps:
        folder = _published.results / _LOGS / driver.app.domain.partition(".")[0]
        save_logs(run.target.swarm, driver.app, folder, _published.secrets)


def save_service_logs(run: Run, stage: str = "") -> None:
    """Save the service logs of the app under test.

    Args:
        run: this process's.
        stage: the stage that failed, for an app that is removed before the run ends.
    """
    folder = _published.results / _LOGS / stage
    save_logs(run.target.swarm, run.driver.app, folder, _published.secrets)


def _publish() -> None:
    facts, results = _published.facts, _published.results
    assert facts is not None
    output = _published.output / "output.xml"
    if not output.exists():
        return
    redactions = clean(results, _published.secrets)
    if _published.output.resolve() != results.resolve():
        redactions += clean(_published.output, _published.secrets)
    result, changed = mend_output(output)
    if redactions or changed or not (_published.output / "log.html").exists():
        _make_logs(output)
    restrict_pages(_published.output)
    if _published.output.resolve() != results.resolve():
        shutil.copytree(_published.output, results, dirs_exist_ok=True, symlinks=True)
    suite = result.suite
    overdue = _published.run.record.journal.overdue() if _published.run else ""
    # What takes too long is ended as if it were interrupted, but that is the recipe's fault.
    disturbed = _first_disturbance(but=INTERRUPTED if overdue else "")
    judged = judge(suite, facts, _published.suites, disturbed, overdue, _provider_gone())
    count = suite.statistics
    outcome = RunResults(
        facts=facts,
        verdict=judged.verdict,
        stages=judged.stages,
        tests={"passed": count.passed, "failed": count.failed, "opted out": count.skipped},
        seconds=round(suite.elapsed_time.total_seconds(), 2),
        reason=judged.reason,
        redactions=redactions,
        peak_memory_bytes=_published.memory.peak_bytes if _published.memory else None,
        overhead_cpu_seconds=round(time.process_time(), 2),
        passed_tests=passed_tests(suite),
    )
    write_results(results, outcome)
    prune_results(results.parent)
    _tell(outcome, results)
    # Last, since a file that is changed after this may not leave the node. A run that never began
    # has made no credential.
    clear(results, _published.run.record.credentials.names_by_value() if _published.run else {})


def _upgraded_from(run: Run) -> str:
    """Return the release that the upgrade starts from; "" where there is none."""
    try:
        return run.options.upgrade_from or str(run.checkout.previous)
    except CcciError:
        return ""  # The upgrade stage says why.


def _provider_gone() -> str:
    """Return the reason of the verdict when the run's shared provider has gone; "" otherwise."""
    sharing = _published.run.share.sharing if _published.run else None
    return PROVIDER_GONE if sharing and sharing.provider and not sharing.holder.alive() else ""


def _tell(outcome: RunResults, results: Path) -> None:
    """Print the verdict and where the log is, as the last lines on the terminal."""
    bad = [
        stage for stage, verdict in outcome.stages.items() if verdict in ("failed", "incomplete")
    ]
    why = outcome.reason if was_cut_off(outcome) else ", ".join(bad) or outcome.reason
    verdict = f"{outcome.verdict} ({why})" if why else outcome.verdict
    print(
        f"Verdict: {verdict}\nLog:     {results}/log.html\nReport:  {results}/report.html",
        file=sys.__stdout__,
    )


def _make_logs(output: Path) -> None:
    rebot(
        str(output), outputdir=str(output.parent), log="log.html", report="report.html",
        xunit="xunit.xml", stdout=None,
    )  # fmt: skip


def _opt_outs(run: Run) -> dict[str, str]:
    browser = {"browser": run.config.browser.none} if run.config.browser else {}
    return {**browser, **{str(stage): reason for stage, reason in run.config.opt_out.items()}}
