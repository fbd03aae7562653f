"""The lab's forge for tests: brought up once, and asked as its administrator or as somebody."""

import functools
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass

from ccci.loop.forge import Forge
from ccci.loop.settings import ForgeSettings, read_forge_settings
from ccci.node.server import load_server
from ccci.node.state import state_dir
from ccci.project import PROJECT
from ccci.web.accounts import Account
from lab.forge import ADMINISTRATOR
from tests.forge_people import ForgePeople

LAB = state_dir() / "lab"
UP_SECONDS = 600


def lab_up(*options: str) -> str:
    """Call `lab up` for what these tests need; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", "up", "--recipe", "custom-html", *options],
        cwd=PROJECT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=UP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@functools.cache
def forge_settings() -> ForgeSettings:
    """The lab's forge as the loop knows it; brought up by the first call."""
    lab_up("--forge")
    return read_forge_settings(LAB / "forge.toml")


def as_bot() -> Forge:
    """The forge, asked as the loop asks it."""
    return Forge(forge_settings(), load_server())


def as_admin(organisation: str = "") -> Forge:
    """The forge, asked by its administrator, about another organisation or person's if named."""
    settings = forge_settings()
    token = (LAB / "forge-admin-token").read_text().strip()
    named = settings.model_copy(update={"organisation": organisation or settings.organisation})
    return Forge(named, load_server(), token)


@dataclass(frozen=True)
class Call:
    """A request to the API, besides those that the loop makes."""

    forge: Forge

    def __call__(self, method: str, path: str, fields: dict[str, object] | None = None) -> object:
        return self.forge._json(method, path, fields)


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{secrets.token_hex(3)}"


def make_user(word: str = "maintainer") -> Account:
    """Somebody on the forge with a password of their own, and no rights yet."""
    account = Account(unique(word), secrets.token_urlsafe(18))
    wanted: dict[str, object] = {
        "username": account.name,
        "email": f"{account.name}@example.org",
        "password": account.password,
        "must_change_password": False,
    }
    Call(as_admin())("POST", "/admin/users", wanted)
    return account


def remove_user(account: Account) -> None:
    """Remove somebody with all that is theirs."""
    Call(as_admin())("DELETE", f"/admin/users/{account.name}?purge=true")


def let_in(repository: str, account: Account, permission: str) -> None:
    """Give somebody a permission (read, write, admin) on a repository of the organisation."""
    path = f"/repos/{forge_settings().organisation}/{repository}/collaborators/{account.name}"
    Call(as_admin())("PUT", path, {"permission": permission})


def open_pull_request(repository: str, files: dict[str, str]) -> int:
    """Open a pull request that adds some files on a branch of its own; returns its number."""
    people = ForgePeople(forge_settings(), ADMINISTRATOR, "nobody")
    return people.open_pull_request(repository, "A change", files)
