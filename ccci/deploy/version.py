"""Which version of a recipe is deployed, by the labels that abra writes on the app."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import RecipeFailure
from ccci.recipe.compose import labels_in
from ccci.recipe.release import Release
from ccci.swarm.view import Service

# abra's short hash of a commit in chaos has eight characters; git's own may have seven.
_SHORTEST_COMMIT = 7


@dataclass(frozen=True)
class VersionLabels:
    """What abra wrote on the deployed app: a release, or the commit that was deployed in chaos."""

    version: str
    chaos: bool
    chaos_version: str

    @property
    def app_version(self) -> str:
        """The app's own version, after the plus sign."""
        return self.version.partition("+")[2]

    def __str__(self) -> str:
        return f"{self.version} (chaos at {self.chaos_version})" if self.chaos else self.version


def version_labels(services: Iterable[Service], stack: str) -> VersionLabels:
    """Return what abra wrote on a deployed app; fields are empty where a label is missing."""
    labels = {key: value for service in services for key, value in service.labels.items()}
    prefix = f"coop-cloud.{stack}"
    return VersionLabels(
        labels.get(f"{prefix}.version", ""),
        labels.get(f"{prefix}.chaos", "") == "true",
        labels.get(f"{prefix}.chaos-version", ""),
    )


def version_in_compose(compose_files: list[Path]) -> str:
    """Return the version that a recipe's compose files give the app; "" where they give none."""
    for labels in labels_in(compose_files).values():
        version = labels.get("coop-cloud.${STACK_NAME}.version", "")
        if version:
            return version
    return ""


def check_version_is_commit(seen: VersionLabels, commit: str, promised: str) -> None:
    """Fail unless the deployed app is a commit, deployed in chaos.

    Args:
        seen: its labels.
        commit: the commit's hash, in full.
        promised: the version in the commit's compose files; "" where they give none.

    Raises:
        RecipeFailure: its labels name something else, or the compose files have no version label.
    """
    if not promised:
        raise RecipeFailure(
            "Expected the head's compose files to have a version label "
            "(coop-cloud.${STACK_NAME}.version); there is none, so that nobody can tell which "
            "version is deployed. Add it under deploy.labels of the service app."
        )
    deployed = seen.chaos_version.removesuffix("+U")
    is_commit = len(deployed) >= _SHORTEST_COMMIT and commit.startswith(deployed)
    if not (seen.chaos and is_commit):
        raise RecipeFailure(
            f"Expected the label of the deployed version to be the head's, {commit[:8]}; "
            f"it is {seen or 'missing'}."
        )
    if seen.version != promised:
        raise RecipeFailure(
            f"Expected the version label {promised} of the head's compose file; the deployed "
            f"app has {seen.version or 'none'}."
        )


def check_version_is_release(seen: VersionLabels, release: Release) -> None:
    """Fail unless the deployed app is a release.

    Raises:
        RecipeFailure: its labels name something else.
    """
    if seen.chaos or seen.version != str(release):
        raise RecipeFailure(
            f"Expected the label of the deployed version to be {release}; it is {seen}."
        )
