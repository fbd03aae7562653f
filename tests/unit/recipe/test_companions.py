"""A companion is planned, weighed and limited like a dependency; its files are this project's."""

import os
import re
import shutil
from pathlib import Path

import pytest

from ccci.budget.share import PLACE, share_beside, share_of, share_of_companion
from ccci.errors import Misuse
from ccci.loop.policy import violations
from ccci.project import PROJECT
from ccci.recipe.checkout import check_out, make_repository
from ccci.recipe.companions import (
    CompanionConfig,
    OwnShare,
    companion_folder,
    companions_of,
    load_companion,
)
from ccci.recipe.config import RecipeConfig, Sso
from ccci.recipe.dependencies import Plan, plan_for, plan_in
from ccci.recipe.limits import limits_for
from ccci.recipe.offered import read_offered
from ccci.run.longest import longest_run_seconds

# A name beside the companion's own, for which the certificate of the server's apps is good, too.
APPROVALS = {"mail": {"route:smtp-${DOMAIN}"}}

MIB = 1024**2
SMALL = OwnShare(memory="128 MiB", pids=128, log="4 MiB", disk="64 MiB")
SHARE = '[share]\nmemory = "1 GiB"\npids = 16\nlog = "1 MiB"\ndisk = "1 MiB"\n'
RECIPES = {
    "blog": RecipeConfig(weight=2, companions=["mail", "plc"], requires=["shop"]),
    "shop": RecipeConfig(weight=1, companions=["plc"]),
    "wiki": RecipeConfig(companions=["keycloak"], sso=Sso(provider="keycloak")),
    "forum": RecipeConfig(companions=["forum"]),
    "keycloak": RecipeConfig(weight=2),
}


def companion(name: str) -> CompanionConfig:
    return CompanionConfig(weight=0, share=SMALL) if name == "mail" else CompanionConfig(weight=1)


def planned(recipe: str) -> Plan:
    return plan_for(recipe, RECIPES.get, "", companion)


def write(project: Path, name: str, text: str) -> Path:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_companions_come_first_and_count_by_their_weight() -> None:
    plan = planned("blog")
    assert plan.layers == (("mail", "plc", "shop"),)
    assert plan.companions == ("mail", "plc") and plan.recipes == ("shop",)
    assert plan.weight == 2 + 0 + 1 + 1


def test_those_of_a_required_recipe_are_not_deployed() -> None:
    shop = RecipeConfig(requires=["blog"])
    plan = plan_for("shop", {**RECIPES, "shop": shop, "blog": RECIPES["shop"]}.get, "", companion)
    assert plan.needed == ("blog",) and plan.companions == ()


@pytest.mark.parametrize("recipe", ["wiki", "forum"])
def test_a_companion_has_not_the_name_of_a_recipe_that_is_deployed(recipe: str) -> None:
    with pytest.raises(Misuse, match="is a companion and a recipe that"):
        planned(recipe)


def test_one_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "recipes/blog/recipe.toml", 'companions = ["post"]')
    with pytest.raises(Misuse, match=r"no companion 'post': .*/recipe\.toml\. There are: none\."):
        plan_in(tmp_path, "blog")
    write(tmp_path, "resources/companions/mail/recipe.toml", "")
    with pytest.raises(Misuse, match=r"There are: mail\."):
        plan_in(tmp_path, "blog")


def test_an_enrolled_recipe_is_no_companion_and_a_companion_no_recipe(tmp_path: Path) -> None:
    write(tmp_path, "resources/companions/mail/recipe.toml", "")
    write(tmp_path, "recipes/blog/recipe.toml", 'test_requires = ["mail"]')
    with pytest.raises(Misuse, match="needs 'mail', which is not enrolled"):
        plan_in(tmp_path, "blog")
    write(tmp_path, "recipes/wiki/recipe.toml", 'companions = ["blog"]')
    with pytest.raises(Misuse, match="There is no companion 'blog'"):
        plan_in(tmp_path, "wiki")


def test_a_run_may_take_longer_by_their_timeouts(tmp_path: Path) -> None:
    write(tmp_path, "resources/companions/mail/recipe.toml", "timeout_seconds = 100")
    write(tmp_path, "recipes/blog/recipe.toml", 'companions = ["mail"]\ntimeout_seconds = 60')
    config, plan = RecipeConfig(timeout_seconds=60), plan_in(tmp_path, "blog")
    assert longest_run_seconds(tmp_path, config, plan) == 1800 + 600 + 200


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("weight = 0", r"recipe\.toml:1: \[share\] goes with weight = 0"),
        (SHARE, r"recipe\.toml:1: \[share\] goes"),
        ("weight = 0\n[share]\npids = 16", r"recipe\.toml:2: key 'share\.memory'"),
        ("weight = -1", r"recipe\.toml:1: key 'weight': Input should be greater than or equal"),
        ("\nwieght = 0", r"recipe\.toml:2: unknown key 'wieght'; known keys: weight, share, heal"),
        (f"weight = 0\n{SHARE}mem = 1", r":7: unknown .*; known keys: memory, pids, log, disk"),
        ("test_requires = []", r"unknown key 'test_requires'"),
        ("weight =", r"not valid TOML"),
    ],
)
def test_an_error_in_its_settings_is_told_with_its_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    write(tmp_path, "resources/companions/mail/recipe.toml", text)
    with pytest.raises(Misuse, match=complaint):
        load_companion(tmp_path, "mail")


def test_without_a_weight_it_lives_within_the_place_of_the_app() -> None:
    mail, plc = companion("mail"), companion("plc")
    assert share_of_companion(mail).memory == 128 * MIB and share_of_companion(plc) == PLACE
    left = share_beside(1, [mail, plc])
    assert left.memory + 128 * MIB == PLACE.memory
    assert left.pids + 128 == PLACE.pids and left.disk + 64 * MIB == PLACE.disk
    assert share_beside(2, [plc]) == share_of(2)


def test_those_without_a_weight_leave_the_app_something() -> None:
    half = SMALL.model_copy(update={"memory": "1 GiB"})
    greedy = CompanionConfig(weight=0, share=half)
    assert share_beside(2, [greedy, greedy]).memory == 2 * 1024 * MIB
    with pytest.raises(Misuse, match="leave the app no memory of its weight 1"):
        share_beside(1, [greedy, greedy])


def test_its_repository_has_its_files_as_they_are(tmp_path: Path) -> None:
    files = tmp_path / "recipe"
    write(tmp_path, "recipe/compose.yml", "services: {}\n")
    write(tmp_path, "recipe/.env.sample", "A=1\n")
    write(tmp_path, "recipe/run.sh", "#!/bin/sh\n").chmod(0o755)
    (files / "linked.sh").symlink_to(write(tmp_path, "shared.sh", "shared\n"))
    source = make_repository(files, tmp_path / "run" / "mail")
    checkout = check_out("mail", source, tmp_path / "abra" / "mail")
    assert re.fullmatch("[0-9a-f]{40}", checkout.commit) and checkout.releases == ()
    assert (checkout.path / ".env.sample").read_text() == "A=1\n"
    assert os.access(checkout.path / "run.sh", os.X_OK)
    linked = checkout.path / "linked.sh"
    assert not linked.is_symlink() and linked.read_text() == "shared\n"


@pytest.mark.parametrize("name", companions_of(PROJECT))
def test_those_of_this_project_can_be_deployed_and_do_nothing_to_the_node(
    name: str, tmp_path: Path
) -> None:
    config = load_companion(PROJECT, name)
    # Copied as a run does: files that companions share are links in this repository.
    files = shutil.copytree(companion_folder(PROJECT, name) / "recipe", tmp_path / name)
    offered = read_offered(files)
    assert "app" in offered.named("service")
    assert {one.approval for one in violations(files, frozenset())} == APPROVALS.get(name, set())
    services = {one: [{}] for one in offered.named("service")}
    found = limits_for(services, share_of_companion(config), config.as_recipe.limit, {})
    assert sum(one.memory for one in found.values()) <= share_of_companion(config).memory
