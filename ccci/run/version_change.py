"""What an upgrade changes: the version and the images, as the compose files name them."""

import re
from collections.abc import Collection, Mapping
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


def check_label_and_images_agree(
    before: Described, after: Described, let_go: Collection[str] = ()
) -> None:
    """Fail when an upgrade moves the images and not the label, or the label and not all images.

    Args:
        before: the release.
        after: the head.
        let_go: the keys of `[let_go]` in recipe.toml. An image that it names, as `relay: image`,
            may stay behind.

    Raises:
        RecipeFailure: one of them did not move; an image stays behind if it has the app version of
            the release in its tag, as `left_behind` tells.
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
    if stayed := left_behind(before, after, let_go):
        keys = " or ".join(f"'{one.partition(': ')[0]}: image'" for one in stayed)
        raise RecipeFailure(
            f"The head's version label says that the app went from {_app_version(before)} to "
            f"{_app_version(after)}; left behind: {', '.join(stayed)}. Move all images of the app. "
            f"If one stays on purpose, name {keys} in [let_go] of recipe.toml with the reason."
        )


def left_behind(before: Described, after: Described, let_go: Collection[str] = ()) -> list[str]:
    """Return the services whose image has the app version of the release in its tag.

    An image of somebody else may have that version by chance: other than the service `app`, it
    counts only if another image of the same publisher has the head's version, or no image has.

    Example:
        >>> left_behind(Described("1.0.0+v1.2", {"app": "me/page:v1.2", "api": "me/api:v1.2"}),
        ...             Described("1.1.0+v1.3", {"app": "me/page:v1.3", "api": "me/api:v1.2"}))
        ['api: me/api:v1.2']
    """
    old, new = _app_version(before), _app_version(after)
    if not old or not new or old == new:
        return []
    moved = {_publisher(image) for image in after.images.values() if names_version(image, new)}
    return [
        f"{name}: {image}"
        for name, image in sorted(after.images.items())
        if names_version(image, old)
        and not names_version(image, new)
        and (name == "app" or not moved or _publisher(image) in moved)
        and f"{name}: image" not in let_go
    ]


def names_version(image: str, version: str) -> bool:
    """Return whether an image has a version in its tag, alone or between other words.

    Example:
        >>> [names_version(image, "v1.2") for image in ("a:1.2", "a:server-v1.2-alpine", "a:1.2.3")]
        [True, True, False]
    """
    _, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    plain = re.escape(version.removeprefix("v"))
    return bool(version and re.search(rf"(?<![\d.]){plain}(?!\.?\d)", tag))


def _publisher(image: str) -> str:
    """Return who publishes an image, in whatever registry: its repository without the last part.

    Where that part is the only one, as in official images, each image has a publisher of its own.
    """
    folder, _, name = image.partition("@")[0].rpartition("/")
    registry, _, rest = folder.partition("/")
    if "." in registry or ":" in registry or registry == "localhost":
        folder = rest
    return folder or name.partition(":")[0]


def _app_version(described: Described) -> str:
    return described.version.partition("+")[2]
