"""A run with a network for itself: its apps are there, and not on the network that all share."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ccci.errors import RecipeFailure
from ccci.node.server import Server
from ccci.recipe.compose import services_in
from ccci.recipe.limits import Amounts
from ccci.recipe.overlay import overlay_for

LIMIT = Amounts(memory=1000, pids=20, log=300, disk=4000, millicores=250)
SERVICE = "{{image: x, networks: [proxy, internal], deploy: {{labels: [{}]}}}}"


def overlay(folder: Path, *files: str, network: str = "run-1", **settings: str) -> dict[str, Any]:
    paths = []
    for number, text in enumerate(files):
        paths.append(folder / f"compose{number}.yml")
        paths[-1].write_text(text)
    limits = dict.fromkeys(services_in(paths), LIMIT)
    text = overlay_for(paths, Server(domain="a.org"), [], limits, settings, network)
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@pytest.mark.parametrize(
    "entry",
    [
        "{external: true}", "{external: true, name: proxy}", "{external: {name: proxy}}",
        "{external: true, name: '${WHERE:-proxy}'}", "{name: proxy}",
    ],
)  # fmt: skip
def test_the_runs_network_takes_the_place_of_proxy(entry: str, tmp_path: Path) -> None:
    text = f"services: {{app: {{image: x}}}}\nnetworks: {{proxy: {entry}, internal: , x: {{}}}}"
    content = overlay(tmp_path, text)
    assert content["networks"] == {"proxy": {"external": True, "name": "run-1"}}
    assert "networks" not in overlay(tmp_path, text, network="")


def test_by_whatever_name_a_recipe_calls_it_and_in_whichever_file(tmp_path: Path) -> None:
    first = "services: {app: {image: x}}\nnetworks: {web: {external: true, name: '${NET}'}}"
    second = "services: {}\nnetworks: {front: {external: true, name: proxy}}"
    assert set(overlay(tmp_path, first, second, NET="proxy")["networks"]) == {"web", "front"}
    assert set(overlay(tmp_path, first, second, NET="mail")["networks"]) == {"front"}


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("traefik.enable=true", "traefik.swarm.network"),
        ("traefik.swarm.network=proxy", "traefik.swarm.network"),
        ("traefik.docker.network=proxy", "traefik.docker.network"),
        ("traefik.docker.lbswarm=true", "traefik.docker.network"),
        ("Traefik.Docker.Network=proxy", "Traefik.Docker.Network"),
    ],
)
def test_traefik_is_told_in_the_recipes_own_kind_of_label(
    label: str, told: str, tmp_path: Path
) -> None:
    app, db = SERVICE.format(f"'{label}'"), SERVICE.format("'backupbot.backup=true'")
    text = f"services: {{app: {app}, db: {db}}}\nnetworks: {{proxy: {{external: true}}}}"
    services = overlay(tmp_path, text)["services"]
    assert services["app"]["deploy"]["labels"] == {told: "run-1"}
    assert "labels" not in services["db"]["deploy"]


@pytest.mark.parametrize("label", ["traefik.docker.network", "traefik.swarm.network"])
def test_a_label_that_leads_traefik_elsewhere_is_not_repaired(label: str, tmp_path: Path) -> None:
    def labelled(value: str) -> str:
        service = SERVICE.format(f"'{label}={value}'")
        return f"services: {{app: {service}}}\nnetworks: {{proxy: {{external: true}}, internal: }}"

    for value in ("proxy", "${NONE}"):
        overlay(tmp_path, labelled(value))
    with pytest.raises(RecipeFailure, match=f"{label}=blog_internal: Traefik is on the network"):
        overlay(tmp_path, labelled("${STACK_NAME}_internal"), STACK_NAME="blog")
