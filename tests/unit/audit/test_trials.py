"""Which defects an audit makes of a recipe's own files."""

import subprocess
from pathlib import Path

import pytest
import yaml

from ccci.audit.draft import Draft
from ccci.audit.routing import routing_defects
from ccci.audit.trial import Trial
from ccci.audit.trials import trials_of
from ccci.audit.versions import version_defects
from ccci.errors import Misuse
from ccci.project import PROJECT
from ccci.recipe.checkout import Checkout, check_out
from ccci.recipe.config import RecipeConfig, config_path, load_recipe_config
from ccci.recipe.defects import Defects, load_defects
from lab import reciperepos

COMPOSE = """
version: "3.8"
services:
  app:
    image: shop:2
    depends_on: [db]
    command: ["serve"]
    environment:
      - DOMAIN
      - LINKS=https://${DOMAIN}/x
      - SIZE=${SIZE:-5}
      - COLOUR=${COLOUR}
    volumes:
      - files:/srv/files:rw
      - type: bind
        source: /etc/hostname
        target: /x
    secrets: [key]
    deploy:
      labels:
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "coop-cloud.${STACK_NAME}.version=2.0.0+2"
        - "backupbot.backup=true"
  db:
    image: postgres:15
    volumes:
      - type: volume
        source: rows
        target: /rows
    healthcheck:
      test: ["CMD", "pg_isready", "-U", "shop"]
    deploy:
      labels:
        backupbot.backup.pre-hook: "sh -c 'dump > /rows/dump.sql'"
        backupbot.backup.path: "/rows/dump.sql"
volumes: {files: , rows: }
secrets:
  key:
    external: true
    name: ${STACK_NAME}_key_${SECRET_KEY_VERSION}
"""
SAMPLE = "TYPE=shop\nDOMAIN=shop.example.org\nSIZE=5\nCOLOUR=red\nSECRET_KEY_VERSION=v1\n"


def _git(*words: str, at: Path) -> None:
    author = ["-c", "user.name=A test", "-c", "user.email=test@lab.test"]
    subprocess.run(["git", *author, *words], cwd=at, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    source = tmp_path / "source"
    source.mkdir()
    _git("init", "--initial-branch=main", at=source)
    before = COMPOSE.replace("shop:2", "shop:1").replace("2.0.0+2", "1.0.0+1")
    for text, tag in ((before, "1.0.0+1"), (COMPOSE, "")):
        (source / "compose.yml").write_text(text)
        (source / ".env.sample").write_text(SAMPLE)
        _git("add", "--all", at=source)
        _git("commit", "-m", "x", at=source)
        if tag:
            _git("tag", "-a", tag, "-m", tag, at=source)
    return check_out("shop", source, tmp_path / "shop")


def _trials(checkout: Checkout, **config: object) -> dict[str, Trial]:
    found = trials_of(checkout, RecipeConfig.model_validate(config), Defects())
    return {trial.name: trial for trial in found}


def _service(trial: Trial, name: str) -> dict[str, object]:
    table: dict[str, object] = yaml.safe_load(trial.files["compose.yml"])["services"][name]
    return table


def test_a_volume_is_broken_in_each_way_and_a_bind_in_none(checkout: Checkout) -> None:
    trials = _trials(checkout)
    bind = {"type": "bind", "source": "/etc/hostname", "target": "/x"}
    expected = {
        "app: volume files is not mounted": [bind],
        "app: volume files is mounted one folder deeper": ["files:/srv/files/deeper:rw", bind],
        "app: volume files is mounted beside the data": ["files:/srv/files-beside:rw", bind],
        "app: the head renames volume files": ["files_of_head:/srv/files:rw", bind],
    }
    for name, mounts in expected.items():
        assert _service(trials[name], "app")["volumes"] == mounts
    assert {name for name in trials if "volume" in name and name.startswith("app")} == set(expected)
    renamed = yaml.safe_load(trials["app: the head renames volume files"].files["compose.yml"])
    assert "files_of_head" in renamed["volumes"]
    assert trials["app: the head renames volume files"].stages == ("upgrade",)
    assert "volumes" not in _service(trials["db: volume rows is not mounted"], "db")


def test_a_dump_is_empty_or_made_before_the_data(checkout: Checkout) -> None:
    trials = _trials(checkout)
    empty = _service(trials["db: the dump /rows/dump.sql is empty"], "db")
    assert ": > /rows/dump.sql" in str(empty["deploy"])
    first = _service(trials["db: the dump /rows/dump.sql stays that of the first backup"], "db")
    assert "test -s /rows/dump.sql ||" in str(first["deploy"])
    assert "dump.sql" not in str(first["healthcheck"])
    old = _service(trials["db: the dump /rows/dump.sql is an old one"], "db")
    assert "test -s /rows/dump.sql ||" in str(old["deploy"])
    assert "pg_isready -U shop && { test -s /rows/dump.sql ||" in str(old["healthcheck"])


def test_services_end_or_are_gone(checkout: Checkout) -> None:
    trials = _trials(checkout)
    gone = yaml.safe_load(trials["db: the service is gone"].files["compose.yml"])
    assert list(gone["services"]) == ["app"]
    assert "depends_on" not in gone["services"]["app"]
    ended = _service(trials["app: ends at once with 0"], "app")
    assert ended["entrypoint"] == ["sh", "-c", "exit 0"]
    assert "command" not in ended
    later = trials["app: ends after a minute"]
    assert int(later.variables["SOAK"]) > 60
    assert "kill 1" in str(_service(later, "app")["healthcheck"])


def test_a_health_check_lies_or_cannot_fail(checkout: Checkout) -> None:
    trials = _trials(checkout)
    lying = _service(trials["app: does not run, and its health check says that it does"], "app")
    assert lying["entrypoint"] == ["sh", "-c", "touch /tmp/lies; exec sleep infinity"]
    assert lying["healthcheck"] == {"test": ["CMD", "test", "-e", "/tmp/lies"], "interval": "2s"}
    blind = trials["db: its health check cannot fail"]
    assert blind.stages == ("install",)
    assert _service(blind, "db")["healthcheck"] == {"test": ["CMD", "true"]}
    # The image of a service without a check may have one: that is nothing of the recipe.
    assert "app: its health check cannot fail" not in trials


def test_routes_addresses_secrets_and_versions(checkout: Checkout) -> None:
    trials = _trials(checkout)
    assert "PathPrefix(`/`)" in str(_service(trials["app: the route takes every host"], "app"))
    address = _service(trials["app: LINKS names another address"], "app")["environment"]
    assert isinstance(address, dict)
    assert address["LINKS"] == "https://another.example.org/x"
    secret = trials["secret key is a text in the recipe"]
    assert set(secret.files) == {"compose.yml", "fixed-key.txt"}
    assert _service(trials["app: the image did not move"], "app")["image"] == "shop:1"
    assert "1.0.0+1" in str(_service(trials["the version label did not move"], "app")["deploy"])
    order = _service(trials["db: the new database starts first"], "db")["deploy"]
    assert isinstance(order, dict)
    assert order["update_config"]["order"] == "start-first"


def test_ways_in_for_no_browser_are_broken_too() -> None:
    labels = {
        "traefik.tcp.services.talk.loadbalancer.server.port": "64738",
        "traefik.tcp.routers.talk.rule": "HostSNI(`${DOMAIN}`)",
        "traefik.tcp.routers.talk.entrypoints": "web-secure",
    }
    files = {"compose.yml": {"services": {"app": {"image": "talk", "deploy": {"labels": labels}}}}}
    found = {one.name: one for one in routing_defects(Draft(files, "", {}, {}))}
    stages = {
        "app: Traefik asks the wrong port for TCP": {"upgrade"},
        "app: Traefik takes TCP elsewhere": {"upgrade"},
        "app: Traefik takes TCP for another host": {"install", "functional", "browser", "upgrade"},
    }
    assert {name: set(one.stages) for name, one in found.items()} == stages


def test_labels_stay_a_list_and_so_keep_their_variables(checkout: Checkout) -> None:
    """Docker fills in no variable in the keys of a map: the defect would be that of every label."""
    trials = _trials(checkout)
    for name in ("app: the route is for another host", "app: the route takes every host"):
        deploy = _service(trials[name], "app")["deploy"]
        assert isinstance(deploy, dict)
        assert "coop-cloud.${STACK_NAME}.version=2.0.0+2" in deploy["labels"]


def _described(version: str, app: str, db: str) -> Draft:
    labels = {"coop-cloud.${STACK_NAME}.version": version}
    services = {"app": {"image": app, "deploy": {"labels": labels}}, "db": {"image": db}}
    return Draft({"compose.yml": {"services": services}}, "", {}, {})


@pytest.mark.parametrize(
    ("head", "counted", "harmless"),
    [
        (("1.1.0+2", "shop:2", "db:1"), ["the version label", "app: the image"], []),
        (("1.1.0+1", "shop:1", "db:1"), [], ["the version label"]),
        (("1.1.0+1", "shop:1", "db:2"), ["the version label"], ["db: the image"]),
        (("1.0.0+1", "shop:1", "db:1"), [], []),
    ],
    ids=["app and label", "only the label", "label and database", "nothing"],
)
def test_what_did_not_move_counts_where_somebody_could_see_it(
    head: tuple[str, str, str], counted: list[str], harmless: list[str]
) -> None:
    found = list(version_defects(_described(*head), _described("1.0.0+1", "shop:1", "db:1")))
    names = {one.name.removesuffix(" did not move"): one.harmless for one in found}
    assert [name for name, reason in names.items() if not reason] == counted
    assert [name for name, reason in names.items() if reason] == harmless


def test_each_image_of_the_app_that_does_not_move_counts() -> None:
    before = _described("1.0.0+1", "shop/page:1", "shop/api:1")
    found = list(version_defects(_described("1.1.0+2", "shop/page:2", "shop/api:2"), before))
    assert {one.name for one in found if not one.harmless} == {
        "the version label did not move",
        "app: the image did not move",
        "db: the image did not move",
    }


def test_a_setting_without_effect_is_harmless(checkout: Checkout) -> None:
    trials = _trials(checkout, env={"COLOUR": "blue"})
    assert trials["setting SIZE is dropped"].harmless == (
        "The app is deployed with the same configuration."
    )
    assert trials["setting COLOUR is dropped"].harmless == "Each run sets it."
    dropped = trials["setting SECRET_KEY_VERSION is dropped"]
    assert dropped.harmless == ""
    assert "SECRET_KEY_VERSION" not in dropped.files[".env.sample"]
    assert not _trials(checkout)["setting COLOUR is dropped"].harmless


def test_every_other_trial_changes_the_recipe(checkout: Checkout) -> None:
    for trial in _trials(checkout).values():
        assert trial.files
        assert trial.stages


def test_an_opted_out_stage_notices_nothing(checkout: Checkout) -> None:
    reason = "It cannot be restarted, for a good reason."
    trials = _trials(checkout, opt_out={"restart": reason})
    assert "app: volume files is not mounted" not in trials
    assert trials["app: ends after a minute"].stages == ("install",)


def test_a_harmless_defect_that_there_is_not_is_refused(checkout: Checkout) -> None:
    reason = "Nobody could see that, since it is not there."
    defects = Defects.model_validate({"harmless": [{"name": "the moon is gone", "reason": reason}]})
    with pytest.raises(Misuse, match="'the moon is gone'"):
        trials_of(checkout, RecipeConfig(), defects)


@pytest.mark.parametrize(
    "recipe", sorted(p.parent.name for p in PROJECT.glob("recipes/*/defects.toml"))
)
def test_an_enrolled_recipe_can_be_audited(recipe: str, tmp_path: Path) -> None:
    """Its defects fit the lab's recipe, and each `[[harmless]]` names a defect that there is."""
    reciperepos.ensure(reciperepos.load(recipe), tmp_path / "recipes")
    checkout = check_out(recipe, tmp_path / "recipes" / recipe, tmp_path / recipe)
    path = config_path(PROJECT, recipe)
    trials = trials_of(
        checkout, load_recipe_config(path), load_defects(path.with_name("defects.toml"))
    )
    assert trials
