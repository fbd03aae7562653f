"""Two exports of a realm: nothing may be lost, and only a newer Keycloak may add."""

import copy
from typing import Any

import pytest
from realm_export import losses

OLD = {
    "keycloakVersion": "26.4.2",
    "realm": "kept",
    "resetPasswordAllowed": True,
    "accessTokenLifespan": 240,
    "roles": {
        "realm": [
            {"id": "1", "name": "keeper", "composite": False},
            {"id": "2", "name": "head keeper", "composites": {"realm": ["keeper"]}},
        ]
    },
    "groups": [{"id": "3", "name": "heads", "realmRoles": ["head keeper"]}],
    "clients": [
        {
            "clientId": "wiki",
            "redirectUris": ["https://a.example/back", "https://b.example/back"],
            "protocolMappers": [
                {"id": "4", "name": "audience", "config": {"included.client.audience": "wiki"}}
            ],
        }
    ],
    "authenticationFlows": [
        {
            "id": "5",
            "alias": "browser",
            "authenticationExecutions": [
                {"authenticator": "auth-cookie", "priority": 10},
                {"authenticator": "identity-provider", "priority": 20},
            ],
        }
    ],
}


def changed(version: str = "26.4.2") -> dict[str, Any]:
    return {**copy.deepcopy(OLD), "keycloakVersion": version}


def test_the_order_of_lists_is_nothing() -> None:
    now = changed()
    now["clients"][0]["redirectUris"].reverse()
    now["roles"]["realm"].reverse()
    now["authenticationFlows"][0]["authenticationExecutions"].reverse()
    assert losses(OLD, now) == []


@pytest.mark.parametrize("version", ["26.4.2", "26.7.3"])
def test_what_is_lost_or_changed_is_named(version: str) -> None:
    now = changed(version)
    now["accessTokenLifespan"] = 300
    del now["resetPasswordAllowed"]
    del now["roles"]["realm"][1]["composites"]
    now["groups"] = []
    now["clients"][0]["redirectUris"].pop()
    now["clients"][0]["protocolMappers"][0]["config"]["included.client.audience"] = "shop"
    now["authenticationFlows"][0]["authenticationExecutions"][1]["priority"] = 5
    assert {line.partition(": ")[0] for line in losses(OLD, now)} == {
        "accessTokenLifespan",
        "resetPasswordAllowed",
        "roles.realm[head keeper].composites",
        "groups[heads]",
        'clients[wiki].redirectUris["https://b.example/back"]',
        "clients[wiki].protocolMappers[audience].config.included.client.audience",
        "authenticationFlows[browser].authenticationExecutions[].priority",
    }


def test_only_a_newer_keycloak_may_add() -> None:
    def added(version: str) -> list[str]:
        now = changed(version)
        now["newSetting"] = 1
        now["clients"][0]["redirectUris"].append("https://c.example/back")
        return losses(OLD, now)

    assert added("26.4.2") == [
        'clients[wiki].redirectUris["https://c.example/back"]: "https://c.example/back" is new',
        "newSetting: 1 is new",
    ]
    assert added("26.7.3") == []


def test_what_an_upgrade_moves_is_excused_of_an_upgrade_alone() -> None:
    def moved(version: str) -> list[str]:
        now = changed(version)
        now["accessTokenLifespan"] = 300
        return losses(OLD, now, ["accessTokenLifespan"])

    assert moved("26.4.2") == ["accessTokenLifespan: 240 became 300"]
    assert moved("26.7.3") == []
