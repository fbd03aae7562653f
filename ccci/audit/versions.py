"""Defects of an upgrade: something stayed behind, or old and new run side by side."""

from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import UPGRADE, WORKS, Broken
from ccci.database.finding import ServiceSeen


def version_defects(recipe: Draft, before: Draft) -> Iterator[Broken]:
    """Yield the version label or an image of the release before, in the head.

    Args:
        recipe: the head.
        before: the release before it.
    """
    for service in recipe.services:
        for key, value in recipe.labels(service).items():
            earlier = before.labels(service).get(key)
            if key.startswith("coop-cloud.") and key.endswith(".version") and earlier:
                draft = recipe.copy()
                draft.set_label(service, key, earlier)
                if earlier != value:
                    yield Broken("the version label did not move", draft, UPGRADE)
        image, earlier_image = recipe.main(service).get("image"), before.main(service).get("image")
        if earlier_image and image != earlier_image:
            draft = recipe.copy()
            draft.main(service)["image"] = earlier_image
            yield Broken(f"{service}: the image did not move", draft, (*WORKS, *UPGRADE))


def order_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each database whose new container is started while the old one still runs."""
    for service in recipe.services:
        seen = ServiceSeen(service, str(recipe.main(service).get("image", "")), {})
        if seen.kind_by_image:
            draft = recipe.copy()
            deploy = draft.main(service).setdefault("deploy", {})
            deploy["update_config"] = {
                **(deploy.get("update_config") or {}),
                "order": "start-first",
            }
            yield Broken(f"{service}: the new database starts first", draft, ("restart", "upgrade"))
