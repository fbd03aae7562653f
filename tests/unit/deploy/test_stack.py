"""The stack of an app, which its settings may name: never one that another app has."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App, stack_name
from ccci.deploy import driver as driver_module
from ccci.deploy.abra import Abra
from ccci.deploy.app_commands import AppCommands
from ccci.deploy.driver import AppDriver
from ccci.deploy.record import Record
from ccci.deploy.target import Target
from ccci.errors import Misuse
from ccci.node.server import Server
from ccci.node.state import ProcessIdentity
from ccci.recipe.config import RecipeConfig
from ccci.swarm.holdings import DockerObject
from ccci.teardown.journal import Journal

DOMAIN = "ghost-pr0-1234567.lab.test"
COMPOSE = "version: '3.8'\nservices:\n  app:\n    image: nginx:1\n"


@dataclass
class Node:
    """What a driver needs of a server, without one."""

    journal: Journal
    folder: Path
    there: list[DockerObject] = field(default_factory=list)

    def driver(self) -> AppDriver:
        app = App("ghost", DOMAIN, stack_name(DOMAIN), f"https://{DOMAIN}")
        checkout = SimpleNamespace(path=self.folder / "recipe", show_head=lambda: None)
        abra, none = Abra(Path("/bin/true"), self.folder), cast(Any, SimpleNamespace(client=None))
        target = Target(Server(domain="lab.test"), abra, none, none)
        return AppDriver(
            app, cast(Any, checkout), RecipeConfig(), target, Record.of(self.journal, print)
        )


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (recipe / "compose.yml").write_text(COMPOSE)
    (recipe / ".env.sample").write_text("TYPE=ghost\n")
    made = Node(Journal.open("r1", "ghost", ProcessIdentity.of(os.getpid())), tmp_path)
    monkeypatch.setattr(driver_module, "list_objects", lambda _: made.there)
    return made


@pytest.fixture
def new_app(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what says with which settings `abra app new` makes an app."""

    def made_with(settings: str) -> None:
        def new(commands: AppCommands, release: str = "") -> None:
            del release
            commands.env_path.parent.mkdir(parents=True, exist_ok=True)
            commands.env_path.write_text(f"TYPE=ghost\n{settings}\n")

        monkeypatch.setattr(AppCommands, "new", new)

    return made_with


def test_the_stack_is_that_of_the_domain(node: Node, new_app: Callable[[str], None]) -> None:
    new_app("LOG_LEVEL=info")
    driver = node.driver()
    driver.make()
    assert driver.app.stack == "ghost-pr0-1234567_lab_test"
    assert node.journal.names("stack") == []


def test_stack_name_in_the_settings_wins(node: Node, new_app: Callable[[str], None]) -> None:
    new_app("STACK_NAME=ghost")
    node.there.append(DockerObject("service", "1", "ghost_2_app", stack="ghost_2"))
    driver = node.driver()
    driver.make()
    assert driver.app.stack == "ghost"
    assert "ghost" in node.journal.stacks()
    driver.make()
    assert driver.app.stack == "ghost"
    # A run that attaches to the kept app reads it from there.
    assert node.driver().app.stack == "ghost"


@pytest.mark.parametrize(
    "there",
    [
        DockerObject("service", "1", "ghost_app", stack="ghost"),
        DockerObject("secret", "1", "ghost_password_v1"),
    ],
)
def test_the_stack_of_another_app_is_never_taken(
    node: Node, new_app: Callable[[str], None], there: DockerObject
) -> None:
    new_app("STACK_NAME=ghost")
    node.there.append(there)
    with pytest.raises(Misuse, match="STACK_NAME=ghost, and another app on this server"):
        node.driver().make()
    assert "ghost" not in node.journal.stacks()


def test_two_apps_of_a_run_cannot_have_one_stack(
    node: Node, new_app: Callable[[str], None]
) -> None:
    new_app("STACK_NAME=ghost")
    node.driver().make()
    second = node.driver()
    second.app = App("ghost", "b.lab.test", "b_lab_test", "https://b.lab.test")
    with pytest.raises(Misuse, match="STACK_NAME=ghost"):
        second._take_stack()
