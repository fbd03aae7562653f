"""The forge in the lab: its settings, its images and its files."""

from pathlib import Path

import pytest
import yaml

from ccci.loop.settings import read_forge_settings
from lab import forge, imagelist
from lab.apps import App, overlay_of
from lab.ca import Authority
from lab.forge_api import ForgeApi
from lab.inventory import Inventory
from lab.node import WITH_IPVS
from lab.settings import Settings, read

RECIPE_TEMPLATE = imagelist.RECIPES / forge.RECIPE / "recipe" / "app.ini.tmpl"


def settings_in(folder: Path, **environment: str) -> Settings:
    settings = read({"CCCI_STATE_DIR": str(folder), **environment}, {})
    settings.lab.mkdir()
    return settings


def test_the_forge_gets_additional_settings_after_those_of_the_recipe(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    template = forge.app(settings).configs["app_ini"]
    of_the_recipe = RECIPE_TEMPLATE.read_text()
    content = template.read_text()
    assert content.startswith(of_the_recipe)
    additional = content.removeprefix(of_the_recipe)
    assert "[webhook]\nALLOWED_HOST_LIST = external,private,loopback\n" in additional
    assert "[server]\nROOT_URL = https://forge.lab.test/\n" in additional


def test_the_url_of_the_forge_has_the_port_if_it_is_not_443(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, LAB_HTTPS_PORT="8443")
    assert forge.url(settings) == "https://forge.lab.test:8443"
    assert "ROOT_URL = https://forge.lab.test:8443/\n" in (
        forge.app(settings).configs["app_ini"].read_text()
    )


def test_each_content_of_a_config_has_a_name_of_its_own(tmp_path: Path) -> None:
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
    assert names[0] != names[1], "Swarm cannot change an existing config"


def test_the_images_are_those_of_the_compose_files_in_use() -> None:
    default = imagelist.images_of(forge.RECIPE, head_only=True)
    of_the_forge = imagelist.images_of(forge.RECIPE, head_only=True, files=forge.COMPOSE_FILES)
    assert len(of_the_forge) == 1 and set(of_the_forge) < set(default)
    assert of_the_forge[0].startswith("gitea/gitea:")


def test_the_loop_can_read_forge_toml(tmp_path: Path) -> None:
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


def test_only_the_owner_can_read_a_token_and_it_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "token"
    for token in ("first", "second"):
        forge.write_token(path, token)
        assert path.read_text() == f"{token}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["token"]


def test_every_file_is_in_the_inventory_before_it_is_written(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path / "made.json")
    forge.record_files(inventory)
    forge.record_files(inventory)
    names = [resource.name for resource in Inventory(tmp_path / "made.json").resources]
    assert sorted(names) == sorted(forge.PATHS)


def test_a_missing_token_counts_as_refused(tmp_path: Path) -> None:
    # Nothing listens on this port: a request would raise.
    api = ForgeApi("forge.lab.test", 1, tmp_path / "bundle", tmp_path / "no-token")
    assert api.accepts_token("/user") is False
    (tmp_path / "no-token").write_text("a-token\n")
    with pytest.raises(OSError):
        api.accepts_token("/user")
