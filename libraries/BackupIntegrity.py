"""The proof that data survives: seed, snapshot, wipe, restore."""

from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn

from ccci.backup.labels import Snapshot
from ccci.bridge.console import tell
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class BackupIntegrity:
    """Plants data, removes it, restores it, and checks the result each time.

    There are two seeds: for every recipe, a file with random content in each volume and a row in
    each PostgreSQL, MariaDB or MySQL database, which is known by its image; and what the recipe's
    own keywords plant through the app: `Plant The Seed`, `The Seed Should Be There`, `The
    Seed Should Be Gone` and `Change And Delete The Seed` of its resource. The same keywords check
    before and after, so that both check the same data.
    """

    @project_keyword()
    def seed(self) -> None:
        """Plants the seeds, unless this deployment has them already.

        Fails when the recipe's `Plant The Seed` does.

        Example:
        | Seed
        | Should Have Survived
        """
        if session.seed.planted:
            return
        tell("planting the seed")
        if session.has_keywords():
            BuiltIn().run_keyword("Plant The Seed")
        session.seed.plant()

    @project_keyword("assertion")
    def should_have_survived(self) -> None:
        """Fails unless both seeds are there, byte for byte.

        After `Restore` it fails as well when a table of a database is empty that had rows at the
        backup. ``[empty_after_restore]`` of recipe.toml names exceptions; without a recipe.toml the
        log tells which.

        Example:
        | Restore
        | Should Have Survived
        """
        session.stages.steps.require()
        tell("looking for the seed")
        if session.has_keywords():
            BuiltIn().run_keyword("The Seed Should Be There")
        session.seed.check()

    @project_keyword("assertion")
    def should_be_gone(self) -> None:
        """Fails when any part of the seeds is still there.

        Example:
        | Wipe
        | Should Be Gone
        """
        session.stages.steps.require()
        tell("checking that the seed is gone")
        if session.has_keywords():
            BuiltIn().run_keyword("The Seed Should Be Gone")
        session.seed.check_gone()

    @project_keyword()
    def snapshot(self) -> Snapshot:
        """Backs up the app through abra and returns the snapshot: its ``id`` and ``paths``.

        Fails when the backup fails, or made no snapshot of this app.

        Example:
        | ${snapshot}=    Snapshot
        """
        return session.round_trip.take_snapshot()

    @project_keyword("assertion")
    def snapshot_should_hold_what_was_promised(self) -> None:
        """Fails unless the snapshot holds every volume and dump that the backup labels promise.

        It must hold nothing of another app. Fails for a recipe without backup labels, and for one
        whose labels leave out a volume that ``[not_in_backup]`` of recipe.toml does not name, or a
        part of one for which no pre-hook writes a dump.

        Example:
        | Snapshot
        | Snapshot Should Hold What Was Promised
        """
        session.round_trip.check_snapshot()

    @project_keyword("assertion")
    def the_backup_should_still_work(self) -> None:
        """Fails unless the app, as it is now, can be backed up, with all that its labels promise.

        It is backed up twice: what a backup leaves behind must not stop the next one, nor stand in
        for its dump.

        If the recipe opted out of the stage backup, the message of the test says so instead.

        Example:
        | Upgrade To The Head
        | The Backup Should Still Work
        """
        reason = session.driver.config.opt_out.get("backup")
        if reason:
            BuiltIn().set_test_message(f"The recipe has no backup: {reason}")
            return
        for _ in range(2):
            session.round_trip.take_snapshot()
            session.round_trip.check_snapshot()
        session.round_trip.check_written_anew()

    @project_keyword()
    def wipe(self) -> None:
        """Changes and deletes the data, removes the app and its volumes, deploys the head again.

        Fails when a volume cannot be removed, or the new deployment does not converge.

        Example:
        | Wipe
        | Should Be Gone
        """
        session.round_trip.snapshot()
        if session.has_keywords():
            tell("changing and deleting the seed")
            BuiltIn().run_keyword("Change And Delete The Seed")
        session.round_trip.wipe()

    @project_keyword()
    def restore(self) -> None:
        """Restores the snapshot through abra and waits until the app is healthy.

        Fails when there is no snapshot, or the restore fails.

        Example:
        | Restore
        | Should Have Survived
        """
        session.round_trip.restore()
