"""How the forge is fitted into the lab: its settings, its images, the files that it leaves."""

from pathlib import Path

import pytest
import yaml

from ccci.loop.settings import read_forge_settings
from lab import forge, imagelist
from lab.apps import App, overlay_of
from lab.ca import Authority
from lab.forge_api import ForgeApi
from lab.made import Made
from lab.node import WITH_IPVS
from lab.settings import Settings, read

RECIPES_OWN = imagelist.RECIPES / forge.RECIPE / "recipe" / "app.ini.tmpl"


def settings_in(folder: Path, **environment: str) -> Settings:
    settings = read({"CCCI_STATE_DIR": str(folder), **environment}, {})
    settings.lab.mkdir()
    return settings


def test_the_forge_gets_further_settings_behind_the_recipes(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    template = forge.app(settings).configs["app_ini"]
    own = RECIPES_OWN.read_text()
    words = template.read_text()
    assert words.startswith(own)
    further = words.removeprefix(own)
    assert "[webhook]\nALLOWED_HOST_LIST = external,private,loopback\n" in further
    assert "[server]\nROOT_URL = https://forge.lab.test/\n" in further


def test_another_port_stands_in_the_forges_address(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, LAB_HTTPS_PORT="8443")
    assert forge.url(settings) == "https://forge.lab.test:8443"
    assert "ROOT_URL = https://forge.lab.test:8443/\n" in (
        forge.app(settings).configs["app_ini"].read_text()
    )


def test_a_config_of_the_labs_has_a_name_for_each_content(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {app: {image: a}}\n")
    template = tmp_path / "own.tmpl"
    names = []
    for content in ("one", "two"):
        template.write_text(content)
        app = App("demo", "demo.lab.test", configs={"app_ini": template})
        config = yaml.safe_load(overlay_of(app, WITH_IPVS, tmp_path))["configs"]["app_ini"]
        assert (config["file"], config["template_driver"]) == (str(template), "golang")
        names.append(config["name"])
    assert all(name.startswith("demo_lab_test_app_ini_") for name in names)
    assert names[0] != names[1], "the Swarm changes no config that is there"


def test_the_images_are_those_of_the_compose_files_in_use() -> None:
    usual = imagelist.images_of(forge.RECIPE, head_only=True)
    of_the_forge = imagelist.images_of(forge.RECIPE, head_only=True, files=forge.COMPOSE_FILES)
    assert len(of_the_forge) == 1 and set(of_the_forge) < set(usual)
    assert of_the_forge[0].startswith("gitea/gitea:")


def test_the_loop_reads_the_file_that_the_forge_leaves(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    authority = Authority(settings.lab / "ca")
    forge.write_token(settings.lab / "forge-token", "a-token")
    forge.write_forge_file(settings, authority)
    read_back = read_forge_settings(settings.lab / "forge.toml")
    assert (read_back.url, read_back.organisation, read_back.user) == (
        "https://forge.lab.test",
        "recipe-maintainers",
        "ccci",
    )
    assert read_back.upstream.replace("{recipe}", "x") == str(settings.abra_dir / "recipes" / "x")
    assert read_back.ca_bundle == authority.bundle
    assert read_back.token() == "a-token"


def test_a_token_is_for_its_owner_only_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "token"
    for token in ("first", "second"):
        forge.write_token(path, token)
        assert path.read_text() == f"{token}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["token"]


def test_every_file_is_in_the_record_before_it_is_made(tmp_path: Path) -> None:
    made = Made(tmp_path / "made.json")
    forge.record(made)
    forge.record(made)
    names = [thing.name for thing in Made(tmp_path / "made.json").things]
    assert sorted(names) == sorted(forge.PATHS)


def test_a_token_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    # Nobody listens there: asking would raise.
    api = ForgeApi("forge.lab.test", 1, tmp_path / "bundle", tmp_path / "no-token")
    assert api.lets_in("/user") is False
    (tmp_path / "no-token").write_text("a-token\n")
    with pytest.raises(OSError):
        api.lets_in("/user")
