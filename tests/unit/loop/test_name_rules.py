"""No app answers under a name by which another app is found."""

import pytest
from pydantic import TypeAdapter

from ccci.recipe.config import Approval
from tests.unit.loop.recipe_folder import Recipe

NAMES = [
    ("hostname: forge.lab.test", "hostname:forge.lab.test"),
    ("hostname: keycloak_lab_test_db", "hostname:keycloak_lab_test_db"),
    ("hostname: db", "hostname:db"),
    ("hostname: ${H:-forge}", "hostname:forge"),
    ("hostname: '{{.Node.Hostname}}'", "hostname:{{.Node.Hostname}}"),
    ("domainname: lab.test", "hostname:lab.test"),
    ("container_name: keycloak", "hostname:keycloak"),
    ("extra_hosts: ['forge.lab.test:10.0.0.2']", "extra-host:forge.lab.test"),
    ("extra_hosts: ['forge.lab.test=10.0.0.2']", "extra-host:forge.lab.test"),
    ("extra_hosts: {forge.lab.test: 10.0.0.2}", "extra-host:forge.lab.test"),
    ("dns: 10.0.0.2", "dns:10.0.0.2"),
    ("dns: [10.0.0.2]", "dns:10.0.0.2"),
    ("dns_search: lab.test", "dns:lab.test"),
    ("links: ['db:forge.lab.test']", ""),
    ("links: ['keycloak.lab.test']", ""),
    ("mac_address: 02:42:0a:00:00:02", "option:mac_address"),
]


@pytest.mark.parametrize(("text", "approval"), NAMES)
def test_names_of_others_need_an_approval(text: str, approval: str, recipe: Recipe) -> None:
    found = recipe.service(text).violations()
    assert [(one.line, one.approval) for one in found] == [(4, approval)]
    if approval and "{" not in approval:
        TypeAdapter(Approval).validate_python(approval)
        assert recipe.violations(approval) == []


@pytest.mark.parametrize(
    "text",
    [
        "hostname: app",
        "hostname: ${STACK_NAME}",
        "hostname: ${STACK_NAME}_db",
        "hostname: ${DOMAIN}",
        "hostname: mail.${DOMAIN}",
        "container_name: app",
        "links: [db, 'db:database']",
        "extra_hosts: ['database:10.0.0.2', '${DOMAIN}:host-gateway']",
        "dns_opt: ['ndots:1']",
        "dns_search: .",
    ],
)
def test_own_names_are_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.service(text).violations() == []


SHARED = """services:
  {name}: {{image: x, networks: {networks}}}
networks:
  proxy: {{external: true}}
  internal:
"""


@pytest.mark.parametrize("networks", ["[proxy]", "[internal, proxy]", "{internal: , proxy: }"])
@pytest.mark.parametrize("name", ["db", "redis", "keycloak", "forge.lab.test", "a_lab_test_db"])
def test_a_service_on_proxy_is_found_by_its_name(name: str, networks: str, recipe: Recipe) -> None:
    recipe.write("compose.yml", SHARED.format(name=name, networks=networks))
    (found,) = recipe.violations()
    assert found.approval == f"network-alias:{name}"
    assert "Leave it on networks of the app" in found.remedy
    assert recipe.violations(found.approval) == []


@pytest.mark.parametrize(
    ("name", "networks"),
    [("app", "[proxy]"), ("web", "[proxy, internal]"), ("nginx", "[proxy]"), ("db", "[internal]")],
)
def test_services_as_recipes_have_them_are_allowed(
    name: str, networks: str, recipe: Recipe
) -> None:
    recipe.write("compose.yml", SHARED.format(name=name, networks=networks))
    assert recipe.violations() == []


def test_another_file_cannot_put_a_service_on_proxy(recipe: Recipe) -> None:
    recipe.write("compose.yml", SHARED.format(name="db", networks="[internal]"))
    recipe.write("compose.more.yml", "services: {db: {networks: [proxy]}}\n")
    assert [(one.file, one.approval) for one in recipe.violations()] == [
        ("compose.more.yml", "network-alias:db")
    ]


@pytest.mark.parametrize("part", ["services", "volumes", "networks", "secrets", "configs"])
@pytest.mark.parametrize("name", ["--help", "-f", "a b", "'a;b'", "'$(id)'", "a/b", "''", "é"])
def test_a_name_that_is_an_option_or_more_than_a_name_is_refused(
    name: str, part: str, recipe: Recipe
) -> None:
    recipe.write("compose.yml", f"{part}:\n  {name}:\n")
    (found,) = recipe.violations()
    assert (found.line, found.approval) == (2, "")
    assert f"a name in '{part}'" in found.what


def test_addresses_of_a_network_need_an_approval(recipe: Recipe) -> None:
    recipe.top("networks:\n  own:\n    ipam:\n      config: [{subnet: 10.0.0.0/8}]")
    assert recipe.approvals() == ["addresses:10.0.0.0/8"]
    assert recipe.violations("addresses:10.0.0.0/8") == []
    recipe.top("networks:\n  own:\n    ipam: {driver: x}")
    assert recipe.approvals() == ["network-driver:x"]
    recipe.top("networks:\n  own:\n    ipam: {driver: default}")
    assert recipe.violations() == []
