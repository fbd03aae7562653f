"""The lab's forge for tests: started once, and used as its administrator or as another user."""

import functools
import json
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
    """Call `lab up` for what these tests need; return its output."""
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
    """Return the loop's settings for the lab's forge; the first call starts the forge."""
    lab_up("--forge")
    return read_forge_settings(LAB / "forge.toml")


def as_bot() -> Forge:
    """Return a client with the account of the loop."""
    return Forge(forge_settings(), load_server())


def as_admin(organisation: str = "") -> Forge:
    """Return a client with the administrator's account, for the loop's or another organisation."""
    settings = forge_settings()
    token = (LAB / "forge-admin-token").read_text().strip()
    named = settings.model_copy(update={"organisation": organisation or settings.organisation})
    return Forge(named, load_server(), token)


@dataclass(frozen=True)
class Call:
    """A request to the API that the loop's client has no method for."""

    forge: Forge

    def __call__(self, method: str, path: str, fields: dict[str, object] | None = None) -> object:
        answer = self.forge._json(method, path, fields)
        return json.loads(answer.body) if answer.body else None


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{secrets.token_hex(3)}"


def make_user(prefix: str = "maintainer") -> Account:
    """Create a user with a password and without permissions."""
    account = Account(unique(prefix), secrets.token_urlsafe(18))
    wanted: dict[str, object] = {
        "username": account.name,
        "email": f"{account.name}@example.org",
        "password": account.password,
        "must_change_password": False,
    }
    Call(as_admin())("POST", "/admin/users", wanted)
    return account


def remove_user(account: Account) -> None:
    """Delete a user with everything that belongs to them."""
    Call(as_admin())("DELETE", f"/admin/users/{account.name}?purge=true")


def grant(repository: str, account: Account, permission: str) -> None:
    """Give a user a permission (read, write, admin) on a repository of the organisation."""
    path = f"/repos/{forge_settings().organisation}/{repository}/collaborators/{account.name}"
    Call(as_admin())("PUT", path, {"permission": permission})


def open_pull_request(repository: str, files: dict[str, str]) -> int:
    """Open a pull request that adds some files on a new branch; return its number."""
    people = ForgePeople(forge_settings(), ADMINISTRATOR, "nobody")
    return people.open_pull_request(repository, "A change", files)
