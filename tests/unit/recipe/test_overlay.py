"""The overlay limits every service, and helps where there is no IPVS."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ccci.errors import Misuse, RecipeFailure
from ccci.node.server import Containers, Server, Swarm
from ccci.recipe.compose import images_in, labels_in
from ccci.recipe.limits import Amounts
from ccci.recipe.overlay import overlay_for

LIMIT = Amounts(memory=1000, pids=20, log=300, disk=4000, millicores=250)

COMPOSE = """
version: "3.8"
services:
  app:
    image: nginx:1.26.3
    ports: ["8080:80", {target: 53, published: 53, protocol: udp}]
    deploy: {labels: ["a=b", "c=d=e"]}
  db:
    image: postgres:17
    deploy: {labels: {backupbot.backup: true}}
"""


@pytest.fixture
def compose(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yml"
    path.write_text(COMPOSE)
    return path


def written(
    compose: Path, server: Server, hosts: tuple[str, ...] = (), **settings: str
) -> dict[str, Any]:
    limits = dict.fromkeys(("app", "db"), LIMIT)
    content: dict[str, Any] = yaml.safe_load(
        overlay_for([compose], server, list(hosts), limits, settings)
    )
    return content


def test_every_service_is_limited_on_an_ordinary_server(compose: Path) -> None:
    content = written(compose, Server(domain="ci.example.org"), ("app.ci.example.org",))
    limited = {
        "deploy": {"resources": {"limits": {"memory": "1000"}}},
        "logging": {"driver": "json-file", "options": {"max-size": "300", "max-file": "2"}},
        "labels": {"ccci.limit.pids": "20", "ccci.limit.disk": "4000"},
    }
    assert content == {"version": "3.8", "services": {"app": limited, "db": limited}}


def test_what_a_service_reserves_is_no_more_than_its_limit(compose: Path) -> None:
    asked = "{memory: '${RESERVED:-20G}', cpus: '2'}"
    compose.write_text(
        COMPOSE.replace("deploy: {", f"deploy: {{resources: {{reservations: {asked}}}, ")
    )
    server = Server(domain="ci.example.org")
    for settings, memory in (
        ({}, "1000"),
        ({"RESERVED": "500b"}, "500"),
    ):
        services = written(compose, server, **settings)["services"]
        for service in ("app", "db"):
            reserved = services[service]["deploy"]["resources"]["reservations"]
            assert reserved == {"memory": memory, "cpus": "0.250"}
    with pytest.raises(RecipeFailure, match=r"Service app reserves '\?' of memory, which Docker"):
        written(compose, server, RESERVED="?")


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ("{max-size: 10m, max-file: '3'}", ""),
        ("{max-size: '${SIZE:-1.5g}', max-file: 3, tag: x}", ""),
        ("{max-size: 10 megabytes}", "max-size: '10 megabytes'"),
        ("{max-size: '${SIZE}'}", "max-size: ''"),
        ("{max-file: none}", "max-file: 'none'"),
    ],
)
def test_log_options_that_the_overlay_replaces_must_be_readable(
    compose: Path, options: str, wrong: str
) -> None:
    logging = f"    logging: {{driver: json-file, options: {options}}}\n    deploy: {{"
    compose.write_text(COMPOSE.replace("    deploy: {", logging))
    server = Server(domain="ci.example.org")
    if not wrong:
        written(compose, server)
        return
    with pytest.raises(RecipeFailure, match=f"has the log option {wrong}. Docker does not"):
        written(compose, server)


def test_a_file_without_a_version_gets_an_overlay_without_one(compose: Path) -> None:
    compose.write_text(COMPOSE.replace('version: "3.8"', ""))
    assert "version" not in written(compose, Server(domain="ci.example.org"))


def test_everything_without_ipvs(compose: Path) -> None:
    server = Server(
        domain="lab.test",
        swarm=Swarm(endpoint_mode="dnsrr", publish_mode="host"),
        containers=Containers(names_address="172.18.0.1"),
    )
    services = written(compose, server, ("a.lab.test",))["services"]
    assert services["db"]["deploy"]["endpoint_mode"] == "dnsrr"
    assert services["db"]["extra_hosts"] == ["a.lab.test:172.18.0.1"]
    assert services["app"]["ports"] == [
        {"target": 80, "published": 8080, "protocol": "tcp", "mode": "host"},
        {"target": 53, "published": 53, "protocol": "udp", "mode": "host"},
    ]


def test_containers_trust_the_servers_own_authority(compose: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("one")
    server = Server(domain="lab.test", containers=Containers(ca_bundle=bundle))
    overlay = written(compose, server, ("a.lab.test",))
    for service in ("app", "db"):
        assert overlay["services"][service]["configs"] == [
            {"source": "ccci_ca", "target": "/etc/ssl/certs/ca-certificates.crt"}
        ]
        environment = overlay["services"][service]["environment"]
        assert environment["SSL_CERT_FILE"] == "/etc/ssl/certs/ca-certificates.crt"
    config = overlay["configs"]["ccci_ca"]
    assert config["file"] == str(bundle)
    assert config["name"].startswith("${STACK_NAME}_ccci_ca_")
    # The Swarm refuses another content under the same name.
    bundle.write_text("two")
    again = written(compose, server, ("a.lab.test",))
    assert again["configs"]["ccci_ca"]["name"] != config["name"]


def test_a_missing_bundle_is_named(compose: Path, tmp_path: Path) -> None:
    server = Server(domain="lab.test", containers=Containers(ca_bundle=tmp_path / "gone.pem"))
    with pytest.raises(Misuse, match=r"gone\.pem.*cannot be read: No such file"):
        written(compose, server)


def test_a_range_of_ports_is_refused_and_named(compose: Path) -> None:
    compose.write_text(COMPOSE.replace("8080:80", "8000-8100:80"))
    server = Server(domain="lab.test", swarm=Swarm(publish_mode="host"))
    with pytest.raises(Misuse, match="'8000-8100:80'"):
        written(compose, server)


def test_the_last_file_names_the_image(compose: Path, tmp_path: Path) -> None:
    other = tmp_path / "compose.new.yml"
    other.write_text("services: {app: {image: 'nginx:2'}}")
    assert images_in([compose, other]) == {"app": "nginx:2", "db": "postgres:17"}


def test_labels_in_both_forms(compose: Path) -> None:
    assert labels_in([compose]) == {
        "app": {"a": "b", "c": "d=e"},
        "db": {"backupbot.backup": "true"},
    }


@pytest.mark.parametrize("text", ["", "services: [app]", "a: [", "services: {app: {}}"])
def test_what_is_no_compose_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "compose.yml"
    path.write_text(text)
    with pytest.raises(Misuse):
        images_in([path])
    with pytest.raises(Misuse, match=r"compose\.gone\.yml"):
        images_in([tmp_path / "compose.gone.yml"])
