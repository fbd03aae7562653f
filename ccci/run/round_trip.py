"""The proof of a backup: snapshot, wipe, restore."""

from dataclasses import dataclass, field

from ccci.backup import labels
from ccci.backup.labels import Promise, Snapshot
from ccci.errors import RecipeFailure
from ccci.run.stages import Stages
from ccci.run.volume_seed import VolumeSeed
from ccci.swarm.mounts import mounts_of


@dataclass
class RoundTrip:
    """The newest snapshot of the app under test, and what its backup labels promise.

    Attributes:
        stages: makes the empty deployment.
        seed: the generic seed, which is checked on the way.
        promises: what the labels promised when the snapshot was taken.
    """

    stages: Stages
    seed: VolumeSeed
    promises: list[Promise] = field(default_factory=list)
    _snapshot: Snapshot | None = None

    def take_snapshot(self) -> Snapshot:
        """Back the app up.

        Raises:
            RecipeFailure: a label names a path on no volume, or the backup fails.
        """
        driver = self.stages.driver
        stack, swarm, record = driver.app.stack, driver.target.swarm, driver.record
        self.promises = labels.promises_of(driver.services(), mounts_of(swarm, stack), stack)
        record.journal.record("snapshot", stack)
        record.tell("backing up")
        with self.stages.steps.step("the backup"):
            taken = labels.take_snapshot(driver.target.abra, driver.app.domain, self._snapshot)
        self._snapshot = taken
        record.tell(f"snapshot {taken.id} holds {len(taken.paths)} paths")
        return taken

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            RecipeFailure: there is none, or a step before failed.
        """
        self.stages.steps.require()
        if self._snapshot is None:
            raise RecipeFailure("There is no snapshot: see the test before this.")
        return self._snapshot

    def check_snapshot(self) -> None:
        """Fail unless the snapshot holds what the backup labels promise.

        Raises:
            RecipeFailure: it does not; see also `snapshot`.
        """
        labels.check_snapshot(self.snapshot(), self.stages.driver.app.stack, self.promises)

    def wipe(self) -> None:
        """Undeploy, remove the volumes, and deploy the head again with nothing in it.

        Raises:
            RecipeFailure: the fresh deployment fails; see also `snapshot`.
        """
        self.snapshot()
        self.seed.spoil()
        self.stages.empty_and_deploy_head()
        # A restore brings back only what the labels promise; the rest was checked before the wipe.
        self.seed.expect_only({promise.volume for promise in self.promises if not promise.path})

    def restore(self) -> None:
        """Restore the snapshot onto the running app and wait until it is healthy.

        Raises:
            RecipeFailure: the restore fails; see also `snapshot`.
        """
        snapshot, driver = self.snapshot(), self.stages.driver
        driver.record.tell(f"restoring snapshot {snapshot.id}")
        with self.stages.steps.step("the restore"):
            labels.restore(driver.target.abra, driver.app.domain, snapshot)
            driver.wait_converged()
            self.stages.wait_healthy()
