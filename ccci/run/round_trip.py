"""The proof of a backup: snapshot, wipe, restore."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ccci.backup import labels, links
from ccci.backup.labels import Promise, Snapshot
from ccci.backup.left_out import check_left_out
from ccci.errors import RecipeFailure
from ccci.run.stages import Stages
from ccci.run.volume_seed import VolumeSeed
from ccci.swarm.mounts import mounts_of
from ccci.teardown import snapshots


@dataclass
class RoundTrip:
    """The snapshots of the app under test, and what its backup labels promise.

    Attributes:
        stages: makes the empty deployment.
        seed: the generic seed, which is checked on the way.
        promises: what the labels promised when the newest snapshot was taken.
        taken: the snapshots, the newest last.
        there: snapshot id to the promised paths that its volumes had before that backup.
    """

    stages: Stages
    seed: VolumeSeed
    promises: list[Promise] = field(default_factory=list)
    taken: list[Snapshot] = field(default_factory=list)
    there: dict[str, set[Promise]] = field(default_factory=dict)
    _left_out: Callable[[], list[str]] = list

    def take_snapshot(self) -> Snapshot:
        """Back the app up.

        Raises:
            RecipeFailure: a label names a path on no volume, or a link leads from a promised path
                out of its volume, or the backup fails.
        """
        driver = self.stages.driver
        stack, swarm, record = driver.app.stack, driver.target.swarm, driver.record
        services, mounts = driver.services(), mounts_of(swarm, stack)
        self.promises = labels.promises_of(services, mounts, stack)
        config = driver.config
        self._left_out = partial(
            check_left_out, services, mounts, self.promises, stack,
            config.not_in_backup if config.is_written else None,
        )  # fmt: skip
        record.journal.record("snapshot", stack)
        record.tell("backing up")
        with self.stages.steps.step("the backup"):
            folders = self._folders()
            links.check_ways(folders, self.promises)
            there = {one for one in self.promises if _is_there(one, folders)}
            before = self.seed.rows_of_tables()
            taken = labels.take_snapshot(driver.target.abra, driver.app.domain, self.taken)
            # What comes and goes, as in a queue, may not have been there at the moment of the dump.
            after = self.seed.rows_of_tables()
        self.seed.filled = {table: rows for table, rows in after.items() if table in before}
        self.taken.append(taken)
        self.there[taken.id] = there
        record.tell(f"snapshot {taken.id} holds {len(taken.paths)} paths")
        return taken

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            RecipeFailure: there is none, or a step before failed.
        """
        self.stages.steps.require()
        if not self.taken:
            raise RecipeFailure("There is no snapshot: see the test before this.")
        return self.taken[-1]

    def check_snapshot(self) -> None:
        """Fail unless the snapshot holds what the backup labels promise, and they promise enough.

        Raises:
            RecipeFailure: it does not; see also `snapshot`.
        """
        labels.check_snapshot(self.snapshot(), self.stages.driver.app.stack, self.promises)
        for sentence in self._left_out():
            self.stages.driver.record.tell(f"left out of the backup: {sentence}")

    def check_written_anew(self) -> None:
        """Fail when the newest snapshot has a dump that was written for the one before it.

        What stood there before the earlier backup is no dump of it, but a file of the app.

        Raises:
            RecipeFailure: it has; see also `snapshot`.
        """
        self.snapshot()
        there = self.there[self.taken[-2].id]
        dumps = [one for one in self.promises if one.path and one not in there]
        if dumps:
            earlier, newest = ((one, self._files_of(one)) for one in self.taken[-2:])
            labels.check_written_anew(earlier, newest, dumps)

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
            RecipeFailure: the restore fails, or could leave the app's volumes; see also `snapshot`.
        """
        snapshot, driver = self.snapshot(), self.stages.driver
        driver.record.tell(f"restoring snapshot {snapshot.id}")
        steps, watch = self.stages.steps, self.stages.watch
        with steps.step("the restore"), watch.taking_down("restore"):
            self._require_kept_in_its_volumes(snapshot)
            old = driver.tasks()
            labels.restore(
                driver.target.abra, driver.app.domain, snapshot, driver.crash_loop_from_now()
            )
            self.stages.wait_until_back(old)
            # Before anybody uses the app, which could fill a table that was lost.
            self.seed.restored = self.seed.rows_of_tables()

    def _require_kept_in_its_volumes(self, snapshot: Snapshot) -> None:
        """Fail when a restore could write anywhere but into the app's own volumes."""
        driver, folders = self.stages.driver, self._folders()
        labels.check_own(snapshot, driver.app.stack)
        links.check_ways(folders, self.promises)
        found = links.links_in_the_way(folders, snapshot)
        if not found:
            return
        # What the snapshot has as a link is put back as a link, and nothing is written through it.
        kept = {
            path
            for bot in snapshots.bots(driver.target.swarm.client)
            for path in snapshots.links_of(bot, snapshot.id)
        }
        for link in found:
            if not any(path.endswith(link.path) for path in kept):
                raise RecipeFailure(
                    f"Nothing was restored: since the backup the app has put the link {link} where "
                    "the snapshot has a file or a folder, and a restore could write through it, "
                    "out of the app's volumes."
                )

    def _files_of(self, snapshot: Snapshot) -> dict[str, float]:
        return {
            path: written
            for bot in snapshots.bots(self.stages.driver.target.swarm.client)
            for path, written in snapshots.files_of(bot, snapshot.id).items()
        }

    def _folders(self) -> dict[str, Path]:
        driver = self.stages.driver
        return links.folders_of(driver.target.swarm, driver.app.stack)


def _is_there(promise: Promise, folders: Mapping[str, Path]) -> bool:
    folder = folders.get(promise.volume)
    return folder is not None and os.path.lexists(folder / promise.path)
