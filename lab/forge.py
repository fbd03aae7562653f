"""The lab's forge: a Gitea with an organisation, and an account for the pull request loop.

Its only interface to the loop is a file, `forge.toml`. Accounts and tokens are created with Gitea's
own command in its container.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker

from lab import dashboard, https_wait, imagelist, stacks
from lab.apps import App
from lab.ca import Authority
from lab.errors import LabError
from lab.forge_api import ForgeApi
from lab.inventory import Inventory
from lab.node import toml, write_if_changed
from lab.settings import Settings

NAME = "forge"
RECIPE = "gitea"
# With SQLite, it needs no second container for a database.
COMPOSE_FILES = ("compose.yml", "compose.sqlite3.yml")
SECRETS = ("internal_token", "jwt_secret", "secret_key")
ORGANISATION = "recipe-maintainers"
ADMINISTRATOR = "caretaker"
BOT = "ccci"
TEAM = "bots"
# The minimum that the loop needs: see docs/operate.md.
SCOPES = "write:issue,write:organization,write:repository"
TEAM_RIGHTS: Mapping[str, object] = {
    "permission": "admin",
    "includes_all_repositories": True,
    "can_create_org_repo": True,
}
TOKEN = re.compile(r"^[0-9a-f]{40}$", re.MULTILINE)
HEALTH = "/api/healthz"
SETTINGS_TEMPLATE = "forge-app.ini.tmpl"
PATHS = ("forge.toml", "forge-token", "forge-admin-token", SETTINGS_TEMPLATE)


def app(settings: Settings) -> App:
    """Write the template of the forge's settings, and return the app to deploy."""
    template = settings.lab / SETTINGS_TEMPLATE
    recipe_template = (imagelist.RECIPES / RECIPE / "recipe" / "app.ini.tmpl").read_text()
    write_if_changed(template, recipe_template + _additional_settings(settings))
    return App(
        recipe=RECIPE,
        domain=settings.name(NAME),
        environment={
            "GITEA_APP_NAME": "Forge",
            "GITEA_DOMAIN": settings.name(NAME),
            "GITEA_REQUIRE_SIGNIN_VIEW": "true",
        },
        compose_files=COMPOSE_FILES,
        secrets_generated=tuple((name, "v1") for name in SECRETS),
        configs={"app_ini": template},
    )


def _additional_settings(settings: Settings) -> str:
    """Return what pull requests need in addition to the recipe's settings; the last value wins."""
    return f"""
[server]
ROOT_URL = {url(settings)}/

; A webhook may call the loop on this node, and logs are attached as HTML.
[webhook]
ALLOWED_HOST_LIST = external,private,loopback

[attachment]
ALLOWED_TYPES = */*
"""


def url(settings: Settings) -> str:
    """Return the URL of the forge, without a slash at the end."""
    port = "" if settings.https_port == 443 else f":{settings.https_port}"
    return f"https://{settings.name(NAME)}{port}"


def record_files(inventory: Inventory) -> None:
    """Record the files of the forge, before they are written."""
    for name in PATHS:
        if inventory.find("path", name) is None:
            inventory.record("path", name)


def ensure(
    client: docker.DockerClient, settings: Settings, inventory: Inventory, authority: Authority
) -> str:
    """Create what is missing: accounts, tokens, organisation, team and `forge.toml`.

    The app must be deployed.

    Raises:
        LabError: the forge does not respond in time, or refuses a request.
    """
    location = (settings.name(NAME), settings.https_port, authority.bundle)
    as_admin = ForgeApi(*location, settings.lab / "forge-admin-token")
    as_bot = ForgeApi(*location, settings.lab / "forge-token")
    https_wait.wait(client, settings, authority, NAME, HEALTH, log_of=NAME)
    command = _Command(client, settings)
    if not as_admin.accepts_token("/admin/users?limit=1"):
        command.ensure_user(ADMINISTRATOR, "--admin")
        write_token(as_admin.token_file, command.new_token(ADMINISTRATOR, "all"))
    if as_admin.get(f"/users/{BOT}") is None:
        # A restricted user sees only what its team may see, and not what is public on the forge.
        command.ensure_user(BOT, "--restricted")
    _ensure_organisation(as_admin)
    detail = _detail(inventory, settings)
    same_scopes = detail.get("token_scopes") == SCOPES
    if not (same_scopes and as_bot.accepts_token(f"/orgs/{ORGANISATION}/repos?limit=1")):
        write_token(as_bot.token_file, command.new_token(BOT, SCOPES))
        inventory.record("app", settings.name(NAME), **{**detail, "token_scopes": SCOPES})
        as_bot.send("GET", f"/orgs/{ORGANISATION}/repos?limit=1", None, expect=200)
    write_forge_file(settings, authority)
    return f"organisation {ORGANISATION}, user {BOT}, {settings.lab / 'forge.toml'}"


def _detail(inventory: Inventory, settings: Settings) -> dict[str, str]:
    resource = inventory.find("app", settings.name(NAME))
    return dict(resource.detail) if resource else {}


def _ensure_organisation(api: ForgeApi) -> None:
    if api.get(f"/orgs/{ORGANISATION}") is None:
        api.send("POST", "/orgs", {"username": ORGANISATION}, expect=201)
    teams: list[dict[str, Any]] = api.get(f"/orgs/{ORGANISATION}/teams")
    team = next((one for one in teams if one["name"] == TEAM), None)
    if team is None:
        fields = {"name": TEAM, **TEAM_RIGHTS}
        team = api.send("POST", f"/orgs/{ORGANISATION}/teams", fields, expect=201)
    elif any(team[key] != value for key, value in TEAM_RIGHTS.items()):
        api.send("PATCH", f"/teams/{team['id']}", {"name": TEAM, **TEAM_RIGHTS}, expect=200)
    if api.get(f"/teams/{team['id']}/members/{BOT}") is None:
        api.send("PUT", f"/teams/{team['id']}/members/{BOT}", {}, expect=204)


def write_token(path: Path, token: str) -> None:
    """Write a token to a file in one step; only the owner can read it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
    draft.replace(path)


def write_forge_file(settings: Settings, authority: Authority) -> None:
    """Write `forge.toml`; it names the file with the token."""
    content = {
        "url": url(settings),
        "organisation": ORGANISATION,
        "user": BOT,
        "token_file": str(settings.lab / "forge-token"),
        "upstream": str(settings.abra_dir / "recipes" / "{recipe}"),
        "ca_bundle": str(authority.bundle),
        "dashboard": dashboard.url(settings),
        "dashboard_folder": str(settings.lab / dashboard.FOLDER / dashboard.PAGES),
    }
    write_if_changed(settings.lab / "forge.toml", toml(content))


class _Command:
    """Gitea's own command, in its container. It prints new tokens; none is ever an argument."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def ensure_user(self, name: str, *options: str) -> None:
        rows = self._run("admin", "user", "list").splitlines()[1:]
        if name not in (row.split()[1] for row in rows if row.strip()):
            email = f"{name}@{self._settings.domain}"
            arguments = ["--username", name, "--email", email]
            # Nobody needs the password: the accounts are used with tokens.
            arguments += ["--random-password", "--must-change-password=false"]
            self._run("admin", "user", "create", *arguments, *options)

    def new_token(self, user: str, scopes: str) -> str:
        # A user cannot have two tokens of the same name, and a token that was lost still has one.
        name = f"lab-{os.urandom(4).hex()}"
        arguments = ["--username", user, "--token-name", name, "--scopes", scopes, "--raw"]
        found = TOKEN.search(self._run("admin", "user", "generate-access-token", *arguments))
        if found is None:
            raise LabError(f"Gitea's command printed no token for {user}")
        return found[0]

    def _run(self, *arguments: str) -> str:
        stack = stacks.stack_name(self._settings.name(NAME))
        labels: dict[str, str | list[str] | bool] = {
            "label": f"{stacks.NAMESPACE}={stack}",
            "status": "running",
        }
        for container in self._client.containers.list(filters=labels, ignore_removed=True):
            done: Any = container.exec_run(["gitea", *arguments], demux=True)
            output, errors = (text.decode(errors="replace") if text else "" for text in done[1])
            if done[0] != 0:
                last = (errors or output).strip().splitlines()[-1:]
                raise LabError(f"`gitea {' '.join(arguments[:3])}` failed: {' '.join(last)}")
            return output
        raise LabError(f"the forge's stack {stack} has no running container")
