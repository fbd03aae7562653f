"""The states that a run's app goes through, and the only place that decides when it is deployed.

A stage says which state it needs; the deployment is brought there once and shared by all tests.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ccci.deploy.driver import AppDriver, Deployment
from ccci.errors import SKIPPED, RecipeFailure
from ccci.recipe.release import Release
from ccci.run.dependency_apps import DependencyApps
from ccci.run.guards import Guards, guards_of
from ccci.run.steps import Steps
from ccci.watch.app import AppWatch


@dataclass
class Stages:
    """The app under test, and the ways from one state to the next.

    Attributes:
        driver: the app's.
        dependencies: are deployed before it.
        watch: sees whether the app stays up.
        prepare: the recipe's own steps between making the app and deploying it.
        upgrade_from: the release to upgrade from; None for the newest before the head.
        attach: use the app that an earlier run kept, instead of deploying one.
        look: tells what guards the app.
        before_emptying: called before the app and its volumes are removed.
        steps: the steps of the present stage.
        deployed: what is deployed now; "" for nothing.
        deployment: the newest one.
        secrets_before_restart: name to identity of the app's secrets when it was restarted.
        guards_of_release: what guarded the release before the upgrade; None before that.
    """

    driver: AppDriver
    dependencies: DependencyApps
    watch: AppWatch
    prepare: Callable[[], None]
    upgrade_from: str | None = None
    attach: bool = False
    look: Callable[[AppDriver], Guards] = guards_of
    before_emptying: Callable[[], None] = lambda: None
    steps: Steps = field(default_factory=Steps)
    deployed: Literal["", "head", "previous"] = ""
    deployment: Deployment | None = None
    secrets_before_restart: dict[str, str] = field(default_factory=dict)
    guards_of_release: Guards | None = None
    _head_failure: str = ""

    def need_head(self) -> Deployment:
        """Bring the app to the head, if it is not there already, and return the deployment.

        Raises:
            RecipeFailure: it does not deploy, or did not before.
        """
        self._require_head()
        if self.deployed != "head" or self.deployment is None:
            try:
                with self.watch.taking_down():
                    if self.deployed:
                        self._empty()
                    if self.attach:
                        self._adopt()
                    else:
                        self._make(None)
                        self.driver.require_defaults()
                        self._deploy(None)
            except RecipeFailure as error:
                self._head_failure = str(error).splitlines()[0]
                raise
            self.deployed = "head"
        assert self.deployment is not None
        return self.deployment

    def need_previous_release(self) -> Deployment:
        """Deploy the release before the head, on empty volumes, and return the deployment.

        Raises:
            RecipeFailure: it does not deploy, or the head did not before.
            Misuse: there is no such release.
        """
        self._require_head()
        release = self.previous_release
        with self.watch.taking_down():
            if self.deployed:
                self._empty()
            self._make(release)
            self.deployed = "previous"
            return self._deploy(release)

    def upgrade_to_head(self) -> Deployment:
        """Deploy the head over the previous release, with its data.

        Raises:
            RecipeFailure: it does not converge, or the previous release is not deployed.
        """
        if self.deployed != "previous":
            raise RecipeFailure(
                "The previous release is not deployed: see the test before this one."
            )
        with self.steps.step("the upgrade"):
            self.guards_of_release = self.look(self.driver)
            with self.watch.taking_down("upgrade"):
                old = self.driver.tasks()
                self.deployment = self.driver.deploy()
                self.deployed = "head"
                self.wait_until_back(old)
        return self.deployment

    def empty_and_deploy_head(self) -> Deployment:
        """Remove the app with its volumes and deploy the head again, with nothing in it."""
        with self.steps.step("the fresh deployment"), self.watch.taking_down():
            self._empty()
            return self._deploy(None)

    def restart(self) -> None:
        """Restart every service once and wait until the app is healthy."""
        self.secrets_before_restart = self.driver.secrets()
        with self.steps.step("the restart"), self.watch.taking_down("restart"):
            old = self.driver.tasks()
            self.driver.restart()
            self.wait_until_back(old)

    def wait_until_back(self, old: frozenset[str]) -> None:
        """Wait until all services run, and the health page answers, for a while without a break.

        Some apps answer once more before they go, or lose what they were connected to a moment
        after they came: one good answer after a step does not show that the app is back. The
        while is `settle_seconds` in `[downtime]` of recipe.toml.

        Args:
            old: the tasks from before the step.

        Raises:
            RecipeFailure: it does not come back within `timeout_seconds`, or crash-loops.
        """
        config, before = self.driver.config, None
        deadline = time.monotonic() + config.timeout_seconds
        while True:
            running = self.driver.running_tasks(old)
            if running == before:
                return
            if time.monotonic() > deadline:
                raise RecipeFailure(
                    f"Expected the app to be back within {config.timeout_seconds} s, with the same "
                    f"tasks for {config.downtime.settle_seconds:g} s; they change again and again."
                )
            before = running
            self.wait_healthy(config.downtime.settle_seconds)

    def wait_healthy(self, holding_seconds: float = 0) -> None:
        """Wait until the app's health page answers through Traefik.

        Args:
            holding_seconds: for how long it must keep answering; for a test, not between steps.

        Raises:
            RecipeFailure: it does not, or a step before failed.
        """
        self.steps.require()
        self.driver.record.tell(f"waiting for {self.driver.health_url}")
        self.driver.wait_healthy(holding_seconds)

    @property
    def previous_release(self) -> Release:
        """The release to upgrade from.

        Raises:
            Misuse: there is none before the head, or the one that was named is not older.
            RecipeFailure: the head's version is lower than the newest before it.
        """
        if self.upgrade_from:
            return self.driver.checkout.named(self.upgrade_from)
        return self.driver.checkout.previous

    def _require_head(self) -> None:
        if self._head_failure:
            raise RecipeFailure(f"{SKIPPED}the deployment of the head failed: {self._head_failure}")

    def _make(self, release: Release | None) -> None:
        self.dependencies.deploy()
        self.driver.calls = self.dependencies.public_names()
        self.driver.make(release)
        # Before the app is deployed, so that it need not be deployed a second time.
        self.dependencies.wire()
        self.prepare()

    def _deploy(self, release: Release | None) -> Deployment:
        self.deployment = self.driver.deploy(release)
        self.wait_healthy()
        return self.deployment

    def _adopt(self) -> None:
        converged = self.driver.wait_converged()
        checkout = self.driver.checkout
        checkout.show_head()
        self.deployment = Deployment(self.driver.app, checkout.short, False, converged)

    def _empty(self) -> None:
        self.before_emptying()
        self.driver.undeploy()
        self.driver.remove_volumes()
