"""The run of this robot process: begun once, shared by all keyword libraries."""

import os
import secrets
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from docker.errors import DockerException
from requests import RequestException
from robot.api import SkipExecution
from robot.libraries.BuiltIn import BuiltIn

from ccci.apps import App
from ccci.bridge import publishing
from ccci.bridge.console import enter_stage, tell
from ccci.bridge.options import run_options, variable
from ccci.deploy.abra import Abra
from ccci.deploy.driver import AppDriver
from ccci.errors import CcciError, Misuse
from ccci.node.server import Server
from ccci.project import PROJECT
from ccci.results.credentials import CredentialStore, redact
from ccci.results.store import MATRIX_VARIABLE
from ccci.run.dependency_apps import DependencyApps
from ccci.run.round_trip import RoundTrip
from ccci.run.run import Run
from ccci.run.stages import Stages
from ccci.run.starting import start_run
from ccci.run.volume_seed import VolumeSeed
from ccci.stage_names import STAGES
from ccci.teardown.witness import Witness
from ccci.watch.app import AppWatch
from ccci.watch.neighbours import Neighbours
from ccci.web.http import Client


@dataclass(frozen=True)
class Begun:
    """A run that has begun, and what its stages are made of."""

    run: Run
    dependencies: DependencyApps
    stages: Stages
    seed: VolumeSeed
    round_trip: RoundTrip
    watch: AppWatch


class Session:
    """The state of this process: its run, and the stage that it is in.

    A keyword asks for the one thing that it uses. Until a run has begun each of them raises Misuse.
    What a keyword does to the app raises RecipeFailure once the app has exceeded a limit.
    """

    def __init__(self) -> None:
        self.begun: Begun | None = None
        self.stage_seconds: dict[str, float] = {}
        self.failures = 0
        # The stage of the newest failure since the app was deployed anew.
        self.failed_in = ""
        self._failure_noted = False
        self._stage_begun: tuple[str, float] | None = None

    @property
    def app(self) -> App:
        """The app under test."""
        return self.run.driver.app

    @property
    def driver(self) -> AppDriver:
        """Changes the app under test."""
        return self._within_limits.run.driver

    @property
    def client(self) -> Client:
        """Sends requests to apps, with the server's names and trust."""
        return self._within_limits.run.target.client

    @property
    def server(self) -> Server:
        """The server, as its file describes it."""
        return self.run.target.server

    @property
    def abra(self) -> Abra:
        """abra, with the run's own ABRA_DIR."""
        return self.run.target.abra

    @property
    def credentials(self) -> CredentialStore:
        """The run's credentials."""
        return self.run.record.credentials

    @property
    def dependencies(self) -> DependencyApps:
        """The live apps that the recipe under test needs."""
        return self._within_limits.dependencies

    @property
    def stages(self) -> Stages:
        """Brings the app under test from state to state."""
        return self._within_limits.stages

    @property
    def seed(self) -> VolumeSeed:
        """The generic seed in the app's volumes."""
        return self._within_limits.seed

    @property
    def round_trip(self) -> RoundTrip:
        """The backup, the wipe and the restore."""
        return self._within_limits.round_trip

    @property
    def watch(self) -> AppWatch:
        """Sees whether the app under test stays up."""
        return self._parts.watch

    @property
    def neighbours(self) -> Neighbours:
        """The pages on the server that the app under test must not answer."""
        return self.run.neighbours

    @property
    def witness(self) -> Witness:
        """What stood on the server before the run."""
        return self.run.witness

    @property
    def run(self) -> Run:
        """The run itself."""
        return self._parts.run

    @cached_property
    def browser_home(self) -> Path:
        """A private folder for the browser, which its own user can reach; gone after the run."""
        # The state folder is closed to other users.
        home = Path("/var/tmp") / f"ccci-browser-{secrets.token_hex(8)}"
        self.run.record.journal.record("path", str(home))
        home.mkdir(mode=0o700)
        return home

    def folder(self, name: str) -> Path:
        """Return a folder of the run, gone after its teardown; it may have to be made.

        Raises:
            Misuse: no run has begun.
        """
        return self.run.folder / name

    @property
    def _parts(self) -> Begun:
        if self.begun is None:
            raise Misuse(
                "No run has begun: run the whole folder, 'robot suites/<recipe>', and choose among "
                "its files with --suite."
            )
        return self.begun

    @property
    def _within_limits(self) -> Begun:
        self._parts.run.driver.require_limits()
        return self._parts

    @property
    def deployed_app(self) -> App | None:
        """The app under test, when it is deployed; None before."""
        return self.app if self.begun and self.begun.stages.deployed else None

    @property
    def death_of_the_app(self) -> str:
        """How a task of the app has ended while it should be up; "" for none."""
        return self.begun.watch.newest_death() if self.begun else ""

    def death_of_a_dependency(self) -> str:
        """Return how a dependency of the run has died; "" for none, or where Docker is away."""
        with suppress(CcciError, DockerException, RequestException):
            return self.begun.dependencies.death() if self.begun else ""
        return ""

    def begin(self) -> Run:
        """Begin the run that the suite's folder and variables describe.

        Raises:
            Misuse, NodeFailure: see `ccci.run.starting.start_run`.
        """
        self._note_interrupts()
        options = run_options()
        publishing.prepare(options.recipe, PROJECT, Path(variable("OUTPUT DIR", "")))
        run = start_run(options, tell)
        dependencies = DependencyApps(run)
        watch = AppWatch.of(run.driver)
        watch.start()
        stages = Stages(
            run.driver, dependencies, watch, self._prepare, options.upgrade_from, options.attach,
            before_emptying=self.keep_logs,
        )  # fmt: skip
        seed = VolumeSeed(run.driver, stages.steps, run.config.database)
        trip = RoundTrip(stages, seed)
        self.begun = Begun(run, dependencies, stages, seed, trip, watch)
        journal = run.record.journal
        journal.record("results", str(publishing.describe(run)))
        if matrix := os.environ.get(MATRIX_VARIABLE):
            journal.record("matrix", matrix)
        for name, value in _metadata(run).items():
            BuiltIn().set_suite_metadata(name, value, top=True)
        tell(f"{run.driver.app.domain}  run {run.run_id}  {run.abra_version}")
        return run

    def enter(self, stage: str = "") -> str:
        """Begin a stage: the given one, or the one in the name of the suite file.

        Raises:
            Misuse: there is no such stage.
            SkipExecution: the recipe opted out of the stage, with a reason.
        """
        stage = stage or stage_of(str(variable("SUITE NAME", "")))
        if stage not in STAGES:
            raise Misuse(
                f"{stage!r} is not a stage: name the file <number>__<stage>.robot, with one "
                f"of {', '.join(STAGES)}."
            )
        self._clock()
        self._stage_begun = (stage, time.monotonic())
        enter_stage(stage)
        publishing.show_progress(stage, self.stage_seconds, self.failures)
        self._parts.stages.steps.begin_stage()
        reason = dict(self.run.config.opt_out).get(cast(Any, stage))
        if reason:
            tell(f"opted out: {reason}")
            raise SkipExecution(f"Opted out: {reason}")
        if self.has_keywords():
            BuiltIn().import_resource(str(self._resource).replace("\\", "/"))
        return stage

    def _note_interrupts(self) -> None:
        """Note a Ctrl-C or SIGTERM: failures after it say nothing about the recipe."""
        for number in (signal.SIGINT, signal.SIGTERM):
            robots_own = signal.getsignal(number)

            def note(number: int, frame: Any, then: Any = robots_own) -> None:
                publishing.interrupted()
                then(number, frame)

            if callable(robots_own):
                signal.signal(number, note)

    def keep_logs(self) -> None:
        """Save the logs of an app that failed: those at the run's end are of a later one."""
        if self.failed_in:
            publishing.save_service_logs(self.run, self.failed_in)
            self.failed_in = ""

    def _prepare(self) -> None:
        """Run the recipe's own install steps, where its resource has them."""
        self._run_if_defined("Prepare The App", "preparing the app")
        # Without its provider the app is tested without sign-in.
        if self.dependencies.can_sign_in:
            self._run_if_defined("Prepare Sign-In", "preparing sign-in")

    def _run_if_defined(self, keyword: str, text: str) -> None:
        if self.has_keywords() and BuiltIn().run_keyword_and_return_status(
            "Keyword Should Exist", keyword
        ):
            tell(text)
            BuiltIn().run_keyword(keyword)

    def has_keywords(self) -> bool:
        """Return whether the recipe has a resource with its own keywords."""
        return self._resource.exists()

    @property
    def _resource(self) -> Path:
        recipe = self.run.options.recipe
        return PROJECT / "recipes" / recipe / f"{recipe}.resource"

    @property
    def has_torn_down(self) -> bool:
        """Whether the stage teardown has run, and has failed if something was left."""
        return self.begun is not None and self.run.left_over is not None

    @property
    def overdue(self) -> str:
        """Why the run is being ended before its end, in a sentence; "" if it is not."""
        return self.run.record.journal.overdue() if self.begun is not None else ""

    def tear_down(self) -> list[str]:
        """Save the logs, remove all that the run made, and return what is left.

        Raises:
            SkipExecution: the app is to be kept (KEEP or ATTACH).
        """
        self._clock()
        run = self.run
        if run.keeps(self.failures > 0):
            raise SkipExecution("Opted out: the app stays up (KEEP or ATTACH).")
        self._gather(run)
        begun = time.monotonic()
        left = run.tear_down()
        seconds = self.stage_seconds.get("teardown", 0.0) + time.monotonic() - begun
        self.stage_seconds["teardown"] = seconds
        return left

    def end(self) -> list[str]:
        """End the run: tear it down or keep it; return what could not be removed."""
        self._clock()
        if self.begun is None:
            return []
        failed = self.failures > 0
        run = self.run
        self._gather(run)
        left = run.end("failed" if failed else "passed", failed)
        if run.keeps(failed):
            app, journal = run.driver.app, run.record.journal
            tell(
                f"kept: {app.url} until {_clock_time(journal.kept_until())}; remove it with "
                f"'make end RUN={journal.run_id}'"
            )
        return left

    def _gather(self, run: Run) -> None:
        """Stop watching the app, and save what its end will take away."""
        self.watch.stop()
        downtime = self.watch.downtime_seconds
        if downtime:
            text = ", ".join(f"{step} {seconds:g} s" for step, seconds in downtime.items())
            BuiltIn().set_suite_metadata("Downtime", text, top=True)
        publishing.gather(run, self.stage_seconds, downtime)

    def note_failure(self, test: str) -> None:
        """Write down that the recipe has failed: whatever ends this process, that stays so."""
        if self.begun is not None and not self._failure_noted:
            self._failure_noted = True
            results = str(publishing.results_folder())
            self.run.record.journal.record("failed", self.redact(test), results=results)

    def note_upgrade(self, change: str) -> None:
        """Say in the report what the upgrade changed."""
        tell(f"upgraded: {change}")
        BuiltIn().set_suite_metadata("Upgrade", change, top=True)
        publishing.note_upgrade(change)

    def redact(self, text: str) -> str:
        """Return a text without any of the run's credentials."""
        if self.begun is None or not isinstance(text, str):
            return text
        return redact(text, self.credentials.values())

    def _clock(self) -> None:
        if self._stage_begun:
            name, begun = self._stage_begun
            seconds = self.stage_seconds.get(name, 0.0) + time.monotonic() - begun
            self.stage_seconds[name] = seconds
            self._stage_begun = None


def stage_of(suite: str) -> str:
    """Return the stage in the full name of a suite file; another word where it has none.

    Example:
        >>> stage_of("Gitea.Restart")
        'restart'
    """
    return suite.rpartition(".")[2].split(" ")[0].lower()


def _metadata(run: Run) -> dict[str, str]:
    """The facts at the top of log and report: what was tested, and with what."""
    releases = ", ".join(str(release) for release in run.checkout.releases) or "none"
    provider, server = run.shared_provider, run.target.server
    needed = {"Needs": ", ".join(run.plan.needed)} if run.plan.needed else {}
    shared = {"Provider": f"{provider.domain}, of the matrix"} if provider else {}
    return {
        "Run": run.run_id,
        "Recipe": run.options.recipe,
        "Head": run.checkout.commit,
        "Releases": releases,
        "App": run.driver.app.domain,
        "abra": f"{run.abra_version} ({run.target.abra.program})",
        "Server": f"{server.server} ({server.domain})",
        **needed,
        **shared,
    }


def _clock_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


session = Session()
