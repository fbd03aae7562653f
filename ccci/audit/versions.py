"""Defects of a version: something stayed behind, old and new run side by side, abra refuses it."""

from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import INSTALL, UPGRADE, WORKS, Broken
from ccci.database.finding import ServiceSeen
from ccci.run.version_change import Described, left_behind

_NOTHING_MOVED = "No image moves either, and the report says 'no change of version'."
_NOT_IN_THE_LABEL = (
    "A release in which this image stays is none the worse; the label names the app."
)


def version_defects(recipe: Draft, before: Draft) -> Iterator[Broken]:
    """Yield the version label or an image of the release before, in the head.

    Args:
        recipe: the head.
        before: the release before it.
    """
    moved = {
        service: earlier
        for service in recipe.services
        if (earlier := _image(before, service)) and earlier != _image(recipe, service)
    }
    labelled = set()
    was = now = ""
    for service in recipe.services:
        for key, value in recipe.labels(service).items():
            if key.startswith("coop-cloud.") and key.endswith(".version"):
                labelled.add(service)
                released = before.labels(service).get(key)
                was, now = released or "", value
                if released and released != value:
                    draft = recipe.copy()
                    draft.set_label(service, key, released)
                    harmless = "" if moved else _NOTHING_MOVED
                    name = "the version label did not move"
                    yield Broken(name, draft, UPGRADE, harmless=harmless)
    for service, earlier in moved.items():
        draft = recipe.copy()
        draft.main(service)["image"] = earlier
        old, new = (Described(v, _images(d)) for v, d in ((was, before), (now, draft)))
        told = service in labelled or any(
            one.startswith(f"{service}: ") for one in left_behind(old, new)
        )
        harmless = "" if told else _NOT_IN_THE_LABEL
        name = f"{service}: the image did not move"
        yield Broken(name, draft, (*WORKS, *UPGRADE), harmless=harmless)


def _images(recipe: Draft) -> dict[str, str]:
    return {service: _image(recipe, service) for service in recipe.services}


def _image(recipe: Draft, service: str) -> str:
    return str(recipe.main(service).get("image", ""))


def order_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each database whose new container is started while the old one still runs."""
    for service in recipe.services:
        seen = ServiceSeen(service, _image(recipe, service), {})
        if seen.kind_by_image:
            draft = recipe.copy()
            deploy = draft.main(service).setdefault("deploy", {})
            deploy["update_config"] = {
                **(deploy.get("update_config") or {}),
                "order": "start-first",
            }
            yield Broken(f"{service}: the new database starts first", draft, ("restart", "upgrade"))


def lint_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield a compose file beside those that are deployed, for which abra refuses a release."""
    draft = recipe.copy()
    version = next(
        (content["version"] for content in recipe.files.values() if "version" in content), "3.8"
    )
    draft.added["compose.untagged.yml"] = (
        f'version: "{version}"\nservices:\n  tools:\n    image: busybox\n'
    )
    yield Broken("an image in another compose file has no tag", draft, INSTALL)
