"""What keeps a run from beginning, told in one sentence before anything is made."""

from collections import namedtuple
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App
from ccci.backup.labels import require_backup_bot
from ccci.deploy.driver import check_swarm_names
from ccci.errors import Misuse, NodeFailure
from ccci.node.server import Server
from ccci.run import starting
from ccci.swarm.view import SwarmView
from ccci.web.http import Client

LONG = App("shop", "x", "shop-pr0-1234567_a-rather-long-name_example_org", "https://x")


@pytest.mark.parametrize(
    ("env", "exports"),
    [
        ({"SECRET_ADMIN_PASSWORD_VERSION": "v1"}, {}),
        ({}, {"NGINX_DEFAULT_CONF_VERSION": "v1"}),
    ],
)
def test_names_too_long_for_the_swarm(env: dict[str, str], exports: dict[str, str]) -> None:
    with pytest.raises(Misuse, match="characters and the Swarm takes 64: choose a shorter"):
        check_swarm_names(LONG, env, exports)
    check_swarm_names(App("shop", "x", "shop_lab_test", "https://x"), env, exports)


def swarm(networks: list[str], bots: list[str]) -> SwarmView:
    api = SimpleNamespace(services=lambda filters: bots)
    found = SimpleNamespace(list=lambda names: networks)
    client = SimpleNamespace(api=api, networks=found)
    return cast(SwarmView, SimpleNamespace(client=client))


def test_no_backup_bot() -> None:
    with pytest.raises(NodeFailure, match=r"No backup bot on this server: .*backup-bot-two"):
        require_backup_bot(swarm([], []))


def test_no_proxy_network() -> None:
    check: Any = starting._check_prerequisites
    with pytest.raises(NodeFailure, match="'proxy' is missing: deploy the recipe traefik"):
        check(Server(domain="lab.test"), swarm([], ["bot"]), cast(Client, None))


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1 << 40, 1 << 40, 12 << 20))
    check: Any = starting._check_prerequisites
    with pytest.raises(NodeFailure, match="The disk is full: 12 MiB are free and a run needs 1024"):
        check(Server(domain="lab.test"), swarm(["proxy"], ["bot"]), cast(Client, None))
