"""What keeps a run from beginning, told in one sentence before anything is made."""

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from ccci.apps import App, stack_name
from ccci.backup.labels import require_backup_bot
from ccci.deploy.driver import check_swarm_names
from ccci.errors import CcciError, Misuse, NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.recipe.checkout import check_out
from ccci.run import starting
from ccci.run.run import RunOptions
from ccci.swarm.view import SwarmView
from ccci.web.http import Client
from ccci.web.limits import LimitBroken
from ccci.web.unanswered import Unanswered
from tests.guestbook_recipe import git, guestbook

DOMAIN = "shop-pr0-1234567.a-rather-long-name.example.org"
APP = App("shop", DOMAIN, stack_name(DOMAIN), "https://x")


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_names_too_long_for_the_swarm(kind: str) -> None:
    def check(name: str) -> None:
        given = {f"{name.upper()}_VERSION": "v1"}
        secret = {f"SECRET_{key}": value for key, value in given.items()}
        check_swarm_names(APP, *((secret, {}) if kind == "secret" else ({}, given)))

    assert len(APP.stack) == 45
    # The Swarm takes 64: two underscores and the version leave 15 for the name.
    check("fifteen_letters")
    with pytest.raises(Misuse) as refused:
        check("sixteen_lettersx")
    assert str(refused.value) == (
        f"The name '{APP.stack}_sixteen_lettersx_v1' has 65 characters; the Swarm takes 64. "
        "Shorten the name or its version in the recipe, or give the server a shorter domain than "
        f"that of {DOMAIN}."
    )


def swarm(networks: list[str], bots: list[str]) -> SwarmView:
    api = SimpleNamespace(services=lambda filters: bots)
    found = SimpleNamespace(list=lambda names: networks)
    client = SimpleNamespace(api=api, networks=found)
    return cast(SwarmView, SimpleNamespace(client=client))


def test_no_backup_bot() -> None:
    with pytest.raises(
        NodeFailure, match=r"There is no backup bot on this server: .*backup-bot-two"
    ):
        require_backup_bot(swarm([], []))


def test_no_proxy_network() -> None:
    check: Any = starting._check_prerequisites
    with pytest.raises(NodeFailure, match="'proxy' is missing: deploy the recipe traefik"):
        check(Server(domain="lab.test"), swarm([], ["bot"]), cast(Client, None))


def test_a_network_of_runs_without_traefik() -> None:
    check: Any = starting._check_networks
    joined = {"Spec": {"TaskTemplate": {"Networks": [{"Target": "id of one"}]}}}
    without: dict[str, Any] = {"Spec": {"TaskTemplate": {}}}
    networks = [{"Name": "one", "Id": "id of one"}, {"Name": "two", "Id": "id of two"}]
    api = SimpleNamespace(networks=lambda: networks, services=lambda: [without, joined])
    here = SimpleNamespace(client=SimpleNamespace(api=api))
    check(["one"], here)
    for name in ("two", "three"):
        with pytest.raises(NodeFailure, match=f"the network '{name}', .* --network-add {name} "):
            check(["one", name], here)


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1 << 40, 1 << 40, 12 << 20))
    check: Any = starting._check_prerequisites
    with pytest.raises(NodeFailure, match="The disk is full: 12 MiB are free and a run needs 1024"):
        check(Server(domain="lab.test"), swarm(["proxy"], ["bot"]), cast(Client, None))


def test_a_name_that_leads_to_an_app_that_hangs_says_nothing_of_traefik(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An app that took every host has just ended. A certificate that is not trusted does say it."""
    monkeypatch.setattr(starting, "require_backup_bot", lambda swarm: None)
    check: Any = starting._check_prerequisites

    def answering(error: CcciError) -> Client:
        def request(*_: object, **__: object) -> None:
            raise error

        return cast(Client, SimpleNamespace(request=request))

    server, here = Server(domain="lab.test"), swarm(["proxy"], ["bot"])
    check(server, here, answering(LimitBroken("expected the whole answer within 10 s")))
    check(server, here, answering(Unanswered("the app hangs")))
    with pytest.raises(NodeFailure, match="does not answer with a trusted certificate"):
        check(server, here, answering(RecipeFailure("the certificate is not trusted")))


def test_a_recipe_that_lacks_a_name_ends_the_run_before_it_takes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every sentence, on a server that is ready, before the budget or abra are touched."""
    source = guestbook(tmp_path)
    folder = tmp_path / "project" / "recipes" / "guestbook"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(
        '[names]\nservices = { web = "web" }\n[[sign_in.wiring]]\noverlay = "compose.oidc.yml"\n'
    )
    touched = pytest.fail
    for name in ("Budget", "find_abra", "new_run_id", "sweep"):
        monkeypatch.setattr(starting, name, lambda *_, what=name: touched(f"{what} was asked"))
    for name in ("SwarmView", "Client", "_check_prerequisites"):
        monkeypatch.setattr(starting, name, lambda *_: None)
    monkeypatch.setattr(starting, "load_server", lambda: Server(domain="lab.test"))
    options = RunOptions("guestbook", tmp_path / "project", source)
    with pytest.raises(Misuse) as seen:
        starting.start_run(options, print)
    lines = str(seen.value).splitlines()
    assert lines[:2] == [
        "recipes/guestbook/recipe.toml:2: the recipe has no service 'web'; it has app, files, "
        "sweeper, db.",
        "recipes/guestbook/recipe.toml:4: the recipe has no overlay 'compose.oidc.yml'; closest: "
        "compose.auth.openid.yml, data/compose.tune.yml.",
    ]
    assert lines[2].startswith("Nothing was deployed. 'make fit RECIPE=guestbook RECIPE_SOURCE=")


def test_a_head_that_moves_while_the_run_waits_is_tested_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit that was compared with recipe.toml is the one that is deployed."""
    source = guestbook(tmp_path)
    asked_for = head_of(source)
    (tmp_path / "project").mkdir()

    class Waits:
        def __init__(self, slots: int) -> None:
            del slots

        def take(self, *_: object, **__: object) -> SimpleNamespace:
            (source / "compose.yml").write_text("services: {}\n")
            git("commit", "--quiet", "--all", "-m", "Somebody pushes", at=source)
            return SimpleNamespace(fileno=lambda: 0, release=lambda: None)

    only_with_budget(Waits, tmp_path, monkeypatch)
    run = starting.start_run(RunOptions("guestbook", tmp_path / "project", source), print)
    assert run.checkout.commit == asked_for != head_of(source)


@pytest.mark.parametrize(("alone", "places"), [(False, 1), (True, 4)])
def test_a_run_that_must_be_alone_takes_the_whole_node(
    alone: bool, places: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = guestbook(tmp_path)
    (tmp_path / "project").mkdir()
    taken: list[int] = []

    class Notes:
        def __init__(self, slots: int) -> None:
            del slots

        def take(self, weight: int, *_: object, **__: object) -> SimpleNamespace:
            taken.append(weight)
            return SimpleNamespace(fileno=lambda: 0, release=lambda: None)

    monkeypatch.setenv("MAX_TESTS", "4")
    only_with_budget(Notes, tmp_path, monkeypatch)
    options = RunOptions("guestbook", tmp_path / "project", source, alone=alone)
    starting.start_run(options, print)
    assert taken == [places]


def only_with_budget(budget: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run begin without a server, with this in place of the node's budget."""
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CCCI_RUN_ID", "20260101-080000-ab12")
    for name, stand_in in {
        "load_server": lambda: Server(domain="lab.test"),
        "SwarmView": lambda: SimpleNamespace(client=None),
        "Client": lambda server: None,
        "_check_prerequisites": lambda *_: None,
        "Budget": budget,
        "reaper": SimpleNamespace(start=lambda *_: None, entrust=lambda *_: None),
        "find_abra": lambda server, folder: SimpleNamespace(abra_dir=folder),
        "Run": lambda *parts: SimpleNamespace(checkout=parts[4]),
    }.items():
        monkeypatch.setattr(starting, name, stand_in)
    # Its threads would ask the daemon, and go on during the tests that follow.
    monkeypatch.setattr("ccci.swarm.limit_watch.LimitWatch.start", lambda *_: None)


def head_of(repository: Path) -> str:
    return check_out("guestbook", repository, repository.parent / f"copy-{uuid4()}").commit
