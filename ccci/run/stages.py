"""The stages of a run, and the only place that decides when an app is deployed.

A stage says which state it needs; the deployment is brought there once and shared by all tests.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ccci.backup.labels import (
    Promise,
    Snapshot,
    check_snapshot,
    promises_of,
    restore,
    take_snapshot,
)
from ccci.backup.markers import (
    Marker,
    check_markers,
    check_markers_gone,
    plant_markers,
    spoil_markers,
)
from ccci.deploy.driver import AppDriver, Deployment
from ccci.errors import CcciError, NodeFailure, RecipeFailure
from ccci.recipe.compose import labels_in
from ccci.recipe.release import Release, parse_release
from ccci.run.dependency_apps import DependencyApps
from ccci.run.run import Run
from ccci.swarm.mounts import mounts_of
from ccci.swarm.view import Service

# head; head again, empty, for the restore; the previous release.
COLD_DEPLOYMENTS_OF_A_FULL_RUN = 3


@dataclass(frozen=True)
class VersionLabels:
    """What abra wrote on the deployed app: a release, or the commit that was deployed in chaos."""

    version: str
    chaos: bool
    chaos_version: str

    @property
    def app_version(self) -> str:
        """The app's own version, behind the plus sign."""
        return self.version.partition("+")[2]

    def __str__(self) -> str:
        return f"{self.version} (chaos at {self.chaos_version})" if self.chaos else self.version


@dataclass
class Stages:
    """The state that a run's app is in, and the ways from one state to the next."""

    run: Run
    dependencies: DependencyApps
    prepare: Callable[[], None]
    deployed: str = ""
    deployment: Deployment | None = None
    head_failure: str = ""
    broken: CcciError | None = None
    markers: tuple[Marker, ...] = ()
    seeded: bool = False
    snapshot: Snapshot | None = None
    promises: list[Promise] = field(default_factory=list)
    secrets_before: dict[str, str] = field(default_factory=dict)

    def need_head(self) -> Deployment:
        """Bring the app to the head, if it is not there already, and return the deployment.

        Raises:
            RecipeFailure: it does not deploy, or did not before.
        """
        if self.head_failure:
            raise RecipeFailure(f"The head did not deploy: {self.head_failure}")
        if self.deployed != "head" or self.deployment is None:
            if self.deployed:
                self._empty()
            try:
                if self.run.options.attach:
                    self._adopt()
                else:
                    self._make(None)
                    self._deploy(None)
            except RecipeFailure as error:
                self.head_failure = str(error).splitlines()[0]
                raise
            self.deployed = "head"
        assert self.deployment is not None
        return self.deployment

    def need_previous_release(self) -> Deployment:
        """Deploy the release before the head, on empty volumes, and return the deployment."""
        if self.head_failure:
            raise RecipeFailure(f"The head did not deploy: {self.head_failure}")
        release = self.previous_release
        if self.deployed:
            self._empty()
        self._make(release)
        self.deployed = "previous"
        return self._deploy(release)

    def upgrade_to_head(self) -> Deployment:
        """Deploy the head over the previous release, with its data."""
        if self.deployed != "previous":
            raise RecipeFailure("The previous release is not deployed: see the test before this.")
        with self._step("the upgrade"):
            self.deployment = self.run.driver.deploy()
            self.deployed = "head"
            self.wait_healthy()
        return self.deployment

    @property
    def previous_release(self) -> Release:
        """The release to upgrade from."""
        named = self.run.options.upgrade_from
        return parse_release(named) if named else self.run.checkout.previous

    def begin_stage(self) -> None:
        """Forget that a step of the stage before was broken."""
        self.broken = None

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """A step that the rest of its stage stands on; when it breaks, the rest is not tried."""
        self._on_firm_ground()
        try:
            yield
        except CcciError as error:
            # What the node broke says nothing of the recipe, here or in what is not looked at.
            kind = RecipeFailure if isinstance(error, RecipeFailure) else NodeFailure
            said = str(error).splitlines()[0]
            self.broken = kind(f"Not looked at, since {name} failed: {said}")
            raise

    def _on_firm_ground(self) -> None:
        if self.broken:
            raise self.broken

    def wait_healthy(self, holding_seconds: float = 0) -> None:
        """Wait until the app's health page answers through Traefik.

        Args:
            holding_seconds: for how long it must keep answering; a test asks for that, a step
                that only goes on from here does not.
        """
        self._on_firm_ground()
        self.run.tell(f"waiting for {self.run.driver.health_url}")
        self.run.driver.wait_healthy(self.run.client, holding_seconds)

    def plant_markers(self) -> None:
        """Put the generic seed into the volumes, unless this deployment has it already."""
        self.markers = plant_markers(self.run.swarm, self.run.driver.app.stack)
        self.seeded = True

    def check_markers(self) -> None:
        """Fail unless the generic seed is where it was planted (after a restore: what was kept)."""
        self._on_firm_ground()
        check_markers(self.run.swarm, self.run.driver.app.stack, self.markers)

    def check_markers_gone(self) -> None:
        """Fail when the generic seed is still there."""
        check_markers_gone(self.run.swarm, self.run.driver.app.stack, self.markers)

    def take_snapshot(self) -> Snapshot:
        """Back the app up."""
        driver, stack = self.run.driver, self.run.driver.app.stack
        services = self.run.swarm.services(stack)
        self.promises = promises_of(services, mounts_of(self.run.swarm, stack), stack)
        self.run.journal.record("snapshot", stack)
        self.run.tell("backing up")
        with self._step("the backup"):
            self.snapshot = take_snapshot(self.run.abra, driver.app.domain, self.snapshot)
        self.run.tell(f"snapshot {self.snapshot.id} holds {len(self.snapshot.paths)} paths")
        return self.snapshot

    def check_snapshot(self) -> None:
        """Fail unless the snapshot holds what the backup labels promise."""
        check_snapshot(self._snapshot(), self.run.driver.app.stack, self.promises)

    def wipe(self) -> Deployment:
        """Undeploy, remove the volumes, and deploy the head again with nothing in it."""
        self._snapshot()
        stack = self.run.driver.app.stack
        spoil_markers(self.run.swarm, stack, self.markers)
        kept = {promise.volume for promise in self.promises if not promise.path}
        with self._step("the fresh deployment"):
            self.run.driver.undeploy()
            self.run.driver.remove_volumes()
            deployment = self._deploy(None)
        # Only what the labels promise can come back; the rest was looked for before the wipe.
        self.markers = tuple(m for m in self.markers if m.mount.volume in kept)
        return deployment

    def restore(self) -> None:
        """Restore the snapshot onto the running app and wait until it is healthy."""
        snapshot = self._snapshot()
        self.run.tell(f"restoring snapshot {snapshot.id}")
        with self._step("the restore"):
            restore(self.run.abra, self.run.driver.app.domain, snapshot)
            self.run.driver.wait_converged()
            self.wait_healthy()

    def restart(self) -> None:
        """Restart every service once and wait until the app is healthy."""
        self.secrets_before = self.run.swarm.secrets(self.run.driver.app.stack)
        with self._step("the restart"):
            self.run.driver.restart()
            self.wait_healthy()

    def version_labels(self) -> VersionLabels:
        """Return what abra wrote on the deployed app."""
        stack = self.run.driver.app.stack
        labels = {k: v for s in self.run.swarm.services(stack) for k, v in s.labels.items()}
        prefix = f"coop-cloud.{stack}"
        return VersionLabels(
            labels.get(f"{prefix}.version", ""),
            labels.get(f"{prefix}.chaos", "") == "true",
            labels.get(f"{prefix}.chaos-version", ""),
        )

    def check_version_is_head(self) -> None:
        """Fail unless the deployed app is the very commit under test.

        Raises:
            RecipeFailure: its labels name something else.
        """
        seen, commit = self.version_labels(), self.run.checkout.commit
        deployed = seen.chaos_version.removesuffix("+U")
        if not (seen.chaos and len(deployed) >= 7 and commit.startswith(deployed)):
            raise RecipeFailure(
                f"Expected the label of the deployed version to be the head's, {commit[:8]}; "
                f"it is {seen or 'missing'}."
            )
        promised = self._version_in_compose()
        if promised and seen.version != promised:
            raise RecipeFailure(
                f"Expected the version label {promised} of the head's compose file; the deployed "
                f"app has {seen.version or 'none'}."
            )

    def check_version_is(self, release: Release) -> None:
        """Fail unless the deployed app is a release.

        Raises:
            RecipeFailure: its labels name something else.
        """
        seen = self.version_labels()
        if seen.chaos or seen.version != str(release):
            raise RecipeFailure(
                f"Expected the label of the deployed version to be {release}; it is {seen}."
            )

    def check_images(self) -> list[Service]:
        """Fail unless each service runs the image its compose file names; return the services."""
        wanted = self.run.driver.images()
        services = self.run.swarm.services(self.run.driver.app.stack)
        seen = {service.short_name: service.image for service in services}
        if seen != wanted:
            raise RecipeFailure(f"Expected the images {wanted}; the services run {seen}.")
        return services

    def check_no_task_restarted(self) -> None:
        """Fail when a task died since the app was deployed.

        Raises:
            RecipeFailure: one did; the sentence has its exit code and the service's last words.
        """
        for service in self.run.swarm.services(self.run.driver.app.stack):
            dead = [task for task in service.tasks if task.dead]
            if dead:
                raise RecipeFailure(
                    f"Expected no task of {service.short_name} to be restarted; {len(dead)} died, "
                    f"the last with exit code {dead[0].exit_code} ({dead[0].message}).\n"
                    f"{self.run.swarm.last_words(service)}"
                )

    def check_secrets_kept(self) -> None:
        """Fail when a secret or key was made anew by the restart."""
        seen = self.run.swarm.secrets(self.run.driver.app.stack)
        if seen != self.secrets_before:
            changed = sorted(set(seen.items()) ^ set(self.secrets_before.items()))
            raise RecipeFailure(f"Secrets changed by the restart: {changed}.")

    def check_cold_deployments(self, after_failures: bool) -> None:
        """Fail unless a full run made three cold deployments, one upgrade, and no other.

        Each dependency must have been deployed once. All that went through abra counts, whether a
        stage, a test or an install step asked for it; apps of a test's own do not.

        Args:
            after_failures: something failed before, so that some may never have been reached.

        Raises:
            RecipeFailure: there were more, or fewer.
        """
        left_out = [s for s in ("backup", "upgrade") if s in self.run.config.opt_out]
        cold = COLD_DEPLOYMENTS_OF_A_FULL_RUN - len(left_out)
        over = 0 if "upgrade" in left_out else 1
        _check_made(self.run.driver, "the app under test", cold, over, after_failures)
        for recipe, driver in self.dependencies.apps.items():
            failed = recipe in self.dependencies.failures
            _check_made(driver, f"the dependency '{recipe}'", 1, 0, failed)

    def _make(self, release: Release | None) -> None:
        self.dependencies.deploy()
        self.run.driver.calls = self.dependencies.domains()
        self.run.driver.make(release)
        # What a recipe must be told before it first starts, so that no second deployment is needed.
        self.dependencies.wire()
        self.prepare()

    def _deploy(self, release: Release | None) -> Deployment:
        self.seeded = False
        self.deployment = self.run.driver.deploy(release)
        self.wait_healthy()
        return self.deployment

    def _adopt(self) -> None:
        converged = self.run.driver.wait_converged()
        self.run.checkout.show_head()
        self.deployment = Deployment(self.run.driver.app, self.run.checkout.short, False, converged)

    def _empty(self) -> None:
        self.run.driver.undeploy()
        self.run.driver.remove_volumes()

    def _snapshot(self) -> Snapshot:
        self._on_firm_ground()
        if self.snapshot is None:
            raise RecipeFailure("There is no snapshot to go on with: see the test before this.")
        return self.snapshot

    def _version_in_compose(self) -> str:
        for labels in labels_in(self.run.driver.compose_files()).values():
            version = labels.get("coop-cloud.${STACK_NAME}.version", "")
            if version:
                return version
        return ""


def _check_made(driver: AppDriver, whose: str, cold: int, over: int, may_lack: bool) -> None:
    """Fail unless an app was deployed so often: cold, and over a running one."""
    wanted, made = cold + over, driver.deployments
    more = driver.cold_deployments > cold or made > wanted
    fewer = driver.cold_deployments < cold or made < wanted
    if more or (fewer and not may_lack):
        raise RecipeFailure(
            f"Expected {wanted} deployments of {whose} in a full run, {cold} of them cold; "
            f"{made} were made, {driver.cold_deployments} of them cold. A test or an install step "
            "that deploys for itself makes more; a stage that was left out makes fewer."
        )
