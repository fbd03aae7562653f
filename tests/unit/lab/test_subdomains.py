"""For which recipes the lab gives out certificates for names below an app."""

import pytest

from lab import reciperepos, subdomains
from lab.up import Targets


@pytest.mark.parametrize(
    ("recipes", "needed"),
    [
        (["bluesky-pds"], True),
        (["custom-html"], False),
        (["custom-html", "plc"], False),
        ([], False),
    ],
)
def test_a_recipe_says_whether_it_serves_subdomains(recipes: list[str], needed: bool) -> None:
    assert subdomains.are_needed(recipes) == needed


def test_only_such_a_recipe_requires_the_image_of_the_app_that_gets_certificates() -> None:
    assert subdomains.images() <= Targets(["bluesky-pds"]).images()
    assert not subdomains.images() & Targets(["custom-html"]).images()


def test_the_recipe_of_that_app_serves_no_subdomains_itself() -> None:
    assert not reciperepos.load(subdomains.RECIPE).serves_subdomains
