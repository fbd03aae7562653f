"""An upgrade moves the label and the images together, or neither."""

import pytest

from ccci.errors import RecipeFailure
from ccci.run.version_change import Described, change_between, check_label_and_images_agree

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
    ],
    ids=["the label did not move", "the image did not move"],
)
def test_one_that_did_not_move_is_a_finding(head: Described, said: str) -> None:
    with pytest.raises(RecipeFailure, match=said):
        check_label_and_images_agree(RELEASE, head)
