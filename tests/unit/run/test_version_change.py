"""An upgrade moves the label and the images together, or neither."""

import pytest

from ccci.errors import RecipeFailure
from ccci.run.version_change import (
    Described,
    change_between,
    check_label_and_images_agree,
    left_behind,
)

RELEASE = Described("1.1.0+26.4", {"app": "keycloak:26.4", "db": "mariadb:11"})


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (RELEASE, "no change of version: label (1.1.0+26.4) and images are those of the release"),
        (Described("1.2.0+26.4", RELEASE.images), "1.1.0+26.4 to 1.2.0+26.4"),
        (
            Described("1.2.0+26.7", {"app": "keycloak:26.7", "db": "mariadb:11"}),
            "1.1.0+26.4 to 1.2.0+26.7",
        ),
    ],
    ids=["nothing changed", "only the recipe", "the app too"],
)
def test_a_change_is_told(head: Described, told: str) -> None:
    assert change_between(RELEASE, head) == told
    check_label_and_images_agree(RELEASE, head)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (
            Described("1.1.0+26.4", {"app": "keycloak:26.7", "db": "mariadb:11"}),
            "other images than the release .app: keycloak:26.4 to keycloak:26.7. under the same",
        ),
        (Described("1.2.0+26.7", RELEASE.images), "from 26.4 to 26.7; all images are those"),
        (
            Described("1.2.0+26.7", {"app": "keycloak:26.4", "db": "mariadb:12"}),
            "from 26.4 to 26.7; left behind: app: keycloak:26.4. Move all images of the app.",
        ),
    ],
    ids=["the label did not move", "no image moved", "the app's image did not move"],
)
def test_one_that_did_not_move_is_a_finding(head: Described, said: str) -> None:
    with pytest.raises(RecipeFailure, match=said):
        check_label_and_images_agree(RELEASE, head)


TWO = Described("1.0.0+v1.2", {"page": "hub.org/me/page:v1.2", "api": "hub.org/me/api:1.2-slim"})


@pytest.mark.parametrize(
    ("before", "images", "version", "stayed"),
    [
        (TWO, {"page": "hub.org/me/page:v1.3"}, "v1.3", ["api: hub.org/me/api:1.2-slim"]),
        (TWO, {"page": "hub.org/me/page:v1.3", "api": "hub.org/me/api:1.3-slim"}, "v1.3", []),
        (TWO, {"page": "hub.org/me/page:v1.2.1"}, "v1.2", []),
        (TWO, {"page": "me/page:v1.3", "api": "me/api:1.2"}, "v1.3", ["api: me/api:1.2"]),
        (
            TWO, {"page": "me/page:1.3", "api": "me/api:1.3", "new": "me/new:1.2"}, "1.3",
            ["new: me/new:1.2"],
        ),
        (
            Described("1+1.2", {"page": "hub.org/page:1.2", "db": "hub.org/db:1.2"}),
            {"page": "hub.org/page:1.3"}, "1.3", [],
        ),
        (
            Described("1+1.2", {"page": "hub.org/me/page:1.2", "api": "me/api:1.2"}),
            {"page": "hub.org/me/page:1.3"}, "1.3", ["api: me/api:1.2"],
        ),
        (
            Described("1+1.2", {"app": "you/page:1.2", "page": "me/page:1.2"}),
            {"page": "me/page:1.3"}, "1.3", ["app: you/page:1.2"],
        ),
        (Described("1+15", {"app": "a/b:15", "db": "postgres:15"}), {"app": "a/b:16"}, "16", []),
        (Described("1+15", {"app": "a:15", "db": "postgres:15"}), {"app": "a:16"}, "16", []),
        (Described("1+15", {"app": "a:15", "job": "a:15"}), {"app": "a:16"}, "16", ["job: a:15"]),
        (Described("1+15", {"app": "a:latest"}), {}, "16", []),
        (Described("1", {"app": "a:1"}), {}, "2", []),
    ],
    ids=[
        "one of two", "both moved", "no other version", "in another registry", "a new service",
        "two publishers of one registry",
        "one publisher in two registries", "the app, of whatever publisher", "a database by chance",
        "an official image by chance", "two of one image", "a tag without a version", "no label",
    ],
)  # fmt: skip
def test_images_of_the_app_that_stay_behind_are_found(
    before: Described, images: dict[str, str], version: str, stayed: list[str]
) -> None:
    head = Described(f"2.0.0+{version}", {**before.images, **images})
    assert left_behind(before, head) == stayed


def test_an_image_that_stays_on_purpose_says_so() -> None:
    head = Described("2.0.0+v1.3", {**TWO.images, "page": "hub.org/me/page:v1.3"})
    with pytest.raises(RecipeFailure, match=r"stays on purpose, name 'api: image' in .let_go."):
        check_label_and_images_agree(TWO, head)
    check_label_and_images_agree(TWO, head, {"api: image": "its next version is broken"})
