"""The generic seed of the app under test: a file in each volume, a row in each database.

What the app itself wrote into its tables is a seed as well, for a restore: no table that had rows
may come back empty.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ccci.backup.markers import (
    Marker,
    check_markers,
    check_markers_gone,
    plant_markers,
    spoil_markers,
)
from ccci.backup.unnamed import check_unnamed_volumes
from ccci.database.finding import servers_by_image
from ccci.database.marker_rows import (
    MarkerRow,
    check_rows,
    check_rows_gone,
    plant_rows,
    spoil_rows,
)
from ccci.database.servers import DatabaseServer
from ccci.database.table_rows import check_tables_came_back, rows_of_tables
from ccci.deploy.driver import AppDriver
from ccci.recipe.tables import Database as DatabaseTable
from ccci.run.steps import Steps
from ccci.swarm.mounts import unnamed_mounts_of


@dataclass
class VolumeSeed:
    """Plants files and rows, and looks for them again.

    Attributes:
        driver: the app's.
        steps: the steps of the present stage.
        database: what recipe.toml says of the app's database.
        markers: the files that must be there.
        rows: the rows that must be there.
        filled: table to its rows, for those that had some at the backup.
        restored: the same right after the restore; None where nothing was restored.
    """

    driver: AppDriver
    steps: Steps
    database: DatabaseTable
    markers: tuple[Marker, ...] = ()
    rows: tuple[MarkerRow, ...] = ()
    filled: Mapping[str, int] = field(default_factory=dict)
    restored: Mapping[str, int] | None = None
    _planted_in: int | None = None

    @property
    def planted(self) -> bool:
        """Whether the volumes of the present deployment have it."""
        return self._planted_in == self.driver.cold_deployments

    def plant(self) -> None:
        """Put a file into each volume, and a row into each database that is known by its image.

        Raises:
            Misuse: a database takes no row; the sentence has the lines for recipe.toml.
        """
        self.rows = plant_rows(self._servers())
        self.markers = plant_markers(self.driver.target.swarm, self.driver.app.stack)
        self._planted_in = self.driver.cold_deployments
        self.restored = None

    def rows_of_tables(self) -> dict[str, int]:
        """Return how many rows each table has that has any, of each database known by its image.

        Raises:
            RecipeFailure: a database refuses to tell.
        """
        return rows_of_tables(self._servers())

    def check(self) -> None:
        """Fail unless each file is there, byte for byte, and each row; after a restore each table.

        A folder that the image declares as a volume, and for which the recipe mounts none, is a
        failure as well.

        Raises:
            RecipeFailure: one is not there, or a step before failed.
        """
        self.steps.require()
        swarm, stack = self.driver.target.swarm, self.driver.app.stack
        config = self.driver.config
        check_markers(swarm, stack, self.markers, config.let_go)
        check_rows(self._servers(), self.rows)
        if self.restored is not None:
            excused = config.empty_after_restore if config.is_written else None
            self._tell(check_tables_came_back(self.filled, self.restored, excused))
        # Last: what came back is told before what a later deployment would lose.
        excused = config.let_go if config.is_written else None
        self._tell(check_unnamed_volumes(unnamed_mounts_of(swarm, stack), excused))

    def check_gone(self) -> None:
        """Fail when a file or a row is still there.

        Raises:
            RecipeFailure: one is, or a step before failed.
        """
        self.steps.require()
        check_markers_gone(self.driver.target.swarm, self.driver.app.stack, self.markers)
        check_rows_gone(self._servers(), self.rows)

    def spoil(self) -> None:
        """Overwrite the files and remove the rows: only a backup has what was planted."""
        spoil_rows(self._servers())
        spoil_markers(self.driver.target.swarm, self.driver.app.stack, self.markers)

    def expect_only(self, volumes: Collection[str]) -> None:
        """Look from now on only for the files in these volumes: no others will come back.

        Rows are looked for in any case: no backup may leave out a database.
        """
        self.markers = tuple(each for each in self.markers if each.mount.volume in volumes)

    def _tell(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            self.driver.record.tell(sentence)

    def _servers(self) -> list[DatabaseServer]:
        return servers_by_image(self.driver.target.swarm, self.driver.app.stack, self.database)
