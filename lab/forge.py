"""The lab's forge: a Gitea with an organisation, and an account that answers pull requests there.

All that passes from it to the loop is `forge.toml`, as `server.toml` passes from the lab to the
suites. Accounts and tokens are made by Gitea's own command in its container.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker

from lab import answering, imagelist, pages, stacks
from lab.apps import App
from lab.ca import Authority
from lab.errors import LabError
from lab.forge_api import ForgeApi
from lab.made import Made
from lab.node import toml, write_if_changed
from lab.settings import Settings

NAME = "forge"
RECIPE = "gitea"
# The database is a file: one container less than with PostgreSQL.
COMPOSE_FILES = ("compose.yml", "compose.sqlite3.yml")
SECRETS = ("internal_token", "jwt_secret", "secret_key")
ORGANISATION = "recipe-maintainers"
ADMINISTRATOR = "caretaker"
BOT = "ccci"
TEAM = "bots"
# What the loop needs: see docs/operate.md. More is not needed, less does not work.
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
    """The forge as an app to deploy; writes the template of its settings."""
    template = settings.lab / SETTINGS_TEMPLATE
    recipes_own = (imagelist.RECIPES / RECIPE / "recipe" / "app.ini.tmpl").read_text()
    write_if_changed(template, recipes_own + _further_settings(settings))
    return App(
        recipe=RECIPE,
        domain=settings.name(NAME),
        environment={"GITEA_APP_NAME": "Forge", "GITEA_REQUIRE_SIGNIN_VIEW": "true"},
        compose_files=COMPOSE_FILES,
        secrets_generated=tuple((name, "v1") for name in SECRETS),
        configs={"app_ini": template},
    )


def _further_settings(settings: Settings) -> str:
    """What a forge of pull requests needs beyond the recipe; a later value wins over an earlier."""
    return f"""
[server]
ROOT_URL = {url(settings)}/

; A webhook may call the loop on this node, and a log is attached as the page that it is.
[webhook]
ALLOWED_HOST_LIST = external,private,loopback

[attachment]
ALLOWED_TYPES = */*
"""


def url(settings: Settings) -> str:
    """The forge's address, without a slash at its end."""
    port = "" if settings.https_port == 443 else f":{settings.https_port}"
    return f"https://{settings.name(NAME)}{port}"


def record(made: Made) -> None:
    """Write down the forge's files, before they are made."""
    for name in PATHS:
        if made.find("path", name) is None:
            made.record("path", name)


def ensure(
    client: docker.DockerClient, settings: Settings, made: Made, authority: Authority
) -> str:
    """Have the accounts, the organisation and `forge.toml`; the app is up already.

    Raises:
        LabError: the forge does not answer in time, or refuses something.
    """
    place = (settings.name(NAME), settings.https_port, authority.bundle)
    as_admin = ForgeApi(*place, settings.lab / "forge-admin-token")
    as_bot = ForgeApi(*place, settings.lab / "forge-token")
    answering.wait(client, settings, authority, NAME, HEALTH, explains=NAME)
    command = _Command(client, settings)
    if not as_admin.lets_in("/admin/users?limit=1"):
        command.have_user(ADMINISTRATOR, "--admin")
        write_token(as_admin.token_file, command.new_token(ADMINISTRATOR, "all"))
    if as_admin.get(f"/users/{BOT}") is None:
        # It sees what its team gives it, and nothing that is public on the forge.
        command.have_user(BOT, "--restricted")
    _ensure_organisation(as_admin)
    detail = _detail(made, settings)
    known = detail.get("token_scopes") == SCOPES
    if not (known and as_bot.lets_in(f"/orgs/{ORGANISATION}/repos?limit=1")):
        write_token(as_bot.token_file, command.new_token(BOT, SCOPES))
        made.record("app", settings.name(NAME), **{**detail, "token_scopes": SCOPES})
        as_bot.send("GET", f"/orgs/{ORGANISATION}/repos?limit=1", None, expect=200)
    write_forge_file(settings, authority)
    return f"organisation {ORGANISATION}, user {BOT}, {settings.lab / 'forge.toml'}"


def _detail(made: Made, settings: Settings) -> dict[str, str]:
    thing = made.find("app", settings.name(NAME))
    return dict(thing.detail) if thing else {}


def _ensure_organisation(api: ForgeApi) -> None:
    if api.get(f"/orgs/{ORGANISATION}") is None:
        api.send("POST", "/orgs", {"username": ORGANISATION}, expect=201)
    teams: list[dict[str, Any]] = api.get(f"/orgs/{ORGANISATION}/teams")
    team = next((one for one in teams if one["name"] == TEAM), None)
    if team is None:
        wanted = {"name": TEAM, **TEAM_RIGHTS}
        team = api.send("POST", f"/orgs/{ORGANISATION}/teams", wanted, expect=201)
    elif any(team[key] != value for key, value in TEAM_RIGHTS.items()):
        api.send("PATCH", f"/teams/{team['id']}", {"name": TEAM, **TEAM_RIGHTS}, expect=200)
    if api.get(f"/teams/{team['id']}/members/{BOT}") is None:
        api.send("PUT", f"/teams/{team['id']}/members/{BOT}", {}, expect=204)


def write_token(path: Path, token: str) -> None:
    """Write a token for its owner's eyes only, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
    fresh.replace(path)


def write_forge_file(settings: Settings, authority: Authority) -> None:
    """Write `forge.toml`; the token is in a file of its own."""
    content = {
        "url": url(settings),
        "organisation": ORGANISATION,
        "user": BOT,
        "token_file": str(settings.lab / "forge-token"),
        "upstream": str(settings.abra_dir / "recipes" / "{recipe}"),
        "ca_bundle": str(authority.bundle),
        "dashboard": pages.url(settings),
        "dashboard_folder": str(settings.lab / pages.FOLDER / pages.PAGES),
    }
    write_if_changed(settings.lab / "forge.toml", toml(content))


class _Command:
    """Gitea's own command, in its container. What it makes it prints; nothing is an argument."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def have_user(self, name: str, *options: str) -> None:
        rows = self._run("admin", "user", "list").splitlines()[1:]
        if name not in (row.split()[1] for row in rows if row.strip()):
            mail = f"{name}@{self._settings.domain}"
            words = ["--username", name, "--email", mail]
            # Nobody keeps the password: both come in by a token.
            words += ["--random-password", "--must-change-password=false"]
            self._run("admin", "user", "create", *words, *options)

    def new_token(self, user: str, scopes: str) -> str:
        # A name can be had once for each user; a token that was lost keeps the first one.
        name = f"lab-{os.urandom(4).hex()}"
        words = ["--username", user, "--token-name", name, "--scopes", scopes, "--raw"]
        found = TOKEN.search(self._run("admin", "user", "generate-access-token", *words))
        if found is None:
            raise LabError(f"Gitea's command made no token for {user}")
        return found[0]

    def _run(self, *words: str) -> str:
        stack = stacks.stack_name(self._settings.name(NAME))
        labels: dict[str, str | list[str] | bool] = {
            "label": f"{stacks.NAMESPACE}={stack}",
            "status": "running",
        }
        for container in self._client.containers.list(filters=labels, ignore_removed=True):
            done: Any = container.exec_run(["gitea", *words], demux=True)
            said, complained = (text.decode(errors="replace") if text else "" for text in done[1])
            if done[0] != 0:
                last = (complained or said).strip().splitlines()[-1:]
                raise LabError(f"`gitea {' '.join(words[:3])}` failed: {' '.join(last)}")
            return said
        raise LabError(f"the forge's stack {stack} runs no container")
