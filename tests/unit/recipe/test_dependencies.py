"""What a recipe needs is found, ordered and weighed before anything is started."""

import pytest

from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig, Sso
from ccci.recipe.dependencies import main, plan_for

ENROLLED = {
    "gitea": RecipeConfig(weight=2, sso=Sso(provider="keycloak")),
    "keycloak": RecipeConfig(weight=3),
    "drone": RecipeConfig(weight=1, requires=["gitea"], test_requires=["mail"]),
    "mail": RecipeConfig(weight=1),
    "lost": RecipeConfig(requires=["nowhere"]),
    "deep": RecipeConfig(requires=["lost"]),
    "one": RecipeConfig(requires=["two"]),
    "two": RecipeConfig(requires=["three"]),
    "three": RecipeConfig(requires=["one"]),
    "self": RecipeConfig(requires=["self"]),
}


def test_nothing_needs_nothing() -> None:
    assert plan_for("keycloak", ENROLLED.get).layers == ()
    assert plan_for("no-folder", ENROLLED.get).weight == 1


def test_a_provider_comes_first_and_counts() -> None:
    plan = plan_for("gitea", ENROLLED.get)
    assert plan.layers == (("keycloak",),)
    assert plan.weight == 5


def test_independent_ones_are_side_by_side_and_their_tests_need_nothing() -> None:
    """gitea is only deployed for drone: its own sign-on tests are not run, so no keycloak."""
    plan = plan_for("drone", ENROLLED.get)
    assert plan.layers == (("gitea", "mail"),)
    assert plan.weight == 4


@pytest.mark.parametrize(("recipe", "user"), [("lost", "lost"), ("deep", "lost")])
def test_what_is_not_enrolled_is_named_with_who_needs_it(recipe: str, user: str) -> None:
    with pytest.raises(Misuse, match=f"'{user}' needs 'nowhere', which is not enrolled"):
        plan_for(recipe, ENROLLED.get)


@pytest.mark.parametrize("recipe", ["one", "two", "self"])
def test_a_circle_is_named(recipe: str) -> None:
    with pytest.raises(Misuse, match=r"wait for each other: '\w+' needs '\w+'"):
        plan_for(recipe, ENROLLED.get)


def test_the_command_prints_what_the_recipes_need_beside_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["custom-html", "gitea", "matrix-synapse"]) == 0
    assert capsys.readouterr().out.split() == ["keycloak"]
    assert main([]) == 0
    assert capsys.readouterr().out == ""


def test_the_command_refuses_what_is_no_recipes_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Bad_Name"]) == 1
    assert "cannot be a recipe's name" in capsys.readouterr().err
