"""The generic seed of the app under test: a file in each of its volumes."""

from collections.abc import Collection
from dataclasses import dataclass

from ccci.backup.markers import (
    Marker,
    check_markers,
    check_markers_gone,
    plant_markers,
    spoil_markers,
)
from ccci.deploy.driver import AppDriver
from ccci.run.steps import Steps


@dataclass
class VolumeSeed:
    """Plants the files, and looks for them again.

    Attributes:
        driver: the app's.
        steps: the steps of the present stage.
        markers: the files that must be there.
    """

    driver: AppDriver
    steps: Steps
    markers: tuple[Marker, ...] = ()
    _planted_in: int | None = None

    @property
    def planted(self) -> bool:
        """Whether the volumes of the present deployment have it."""
        return self._planted_in == self.driver.cold_deployments

    def plant(self) -> None:
        """Put a file into each volume."""
        self.markers = plant_markers(self.driver.target.swarm, self.driver.app.stack)
        self._planted_in = self.driver.cold_deployments

    def check(self) -> None:
        """Fail unless each file is there, byte for byte.

        Raises:
            RecipeFailure: one is not, or a step before failed.
        """
        self.steps.require()
        check_markers(self.driver.target.swarm, self.driver.app.stack, self.markers)

    def check_gone(self) -> None:
        """Fail when a file is still there.

        Raises:
            RecipeFailure: one is, or a step before failed.
        """
        self.steps.require()
        check_markers_gone(self.driver.target.swarm, self.driver.app.stack, self.markers)

    def spoil(self) -> None:
        """Overwrite the files: from now on only a backup has what was planted."""
        spoil_markers(self.driver.target.swarm, self.driver.app.stack, self.markers)

    def expect_only(self, volumes: Collection[str]) -> None:
        """Look from now on only for the files in these volumes: no others will come back."""
        self.markers = tuple(each for each in self.markers if each.mount.volume in volumes)
