"""What an upgrade changes: the version and the images, as the compose files name them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccci.deploy.driver import AppDriver
from ccci.deploy.version import version_in_compose
from ccci.errors import RecipeFailure
from ccci.results.store import NO_CHANGE


@dataclass(frozen=True)
class Described:
    """A version of an app: its label, and service to image."""

    version: str
    images: Mapping[str, str] = field(default_factory=dict)


def described(driver: AppDriver) -> Described:
    """Return the version that an app is at."""
    return Described(version_in_compose(driver.compose_files()), driver.images())


def change_between(before: Described, after: Described) -> str:
    """Return what an upgrade changed, for the report.

    Example:
        >>> change_between(Described("1.1.0+2.0"), Described("1.1.0+2.0"))
        'no change of version: label (1.1.0+2.0) and images are those of the release'
        >>> change_between(Described("1.0.0+2.0"), Described("1.1.0+2.1"))
        '1.0.0+2.0 to 1.1.0+2.1'
    """
    if before == after:
        return f"{NO_CHANGE}: label ({after.version}) and images are those of the release"
    return f"{before.version or 'no label'} to {after.version or 'no label'}"


def check_label_and_images_agree(before: Described, after: Described) -> None:
    """Fail when an upgrade moves the images and not the label, or the label's app version alone.

    Args:
        before: the release.
        after: the head.

    Raises:
        RecipeFailure: one of them did not move.
    """
    moved = {
        f"{name}: {before.images.get(name, 'none')} to {image}"
        for name, image in after.images.items()
        if image != before.images.get(name)
    }
    if moved and before.version == after.version:
        raise RecipeFailure(
            f"The head has other images than the release ({', '.join(sorted(moved))}) under the "
            f"same version label, {after.version or 'none'}. Raise the label in compose.yml, so "
            "that people can tell the two apart."
        )
    if not moved and _app_version(before) != _app_version(after):
        raise RecipeFailure(
            f"The head's version label says that the app went from {_app_version(before)} to "
            f"{_app_version(after)}; all images are those of the release. Move the image too."
        )


def _app_version(described: Described) -> str:
    return described.version.partition("+")[2]
