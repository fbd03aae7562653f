"""The lab's forge: created on request only, and with all that the loop needs."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import docker
import pytest

from ccci.loop.forge import Forge, ForgeRefused
from ccci.node.server import load_server
from ccci.web.accounts import Account
from lab import forge, imagelist, stacks
from lab.up import LAB_RECIPES
from tests.lab.forge_site import (
    LAB,
    PROJECT,
    Call,
    as_admin,
    as_bot,
    forge_settings,
    grant,
    lab_up,
    make_user,
    open_pull_request,
    remove_user,
    unique,
)
from tests.lab.lab_sandbox import Sandbox, machine

pytestmark = pytest.mark.lab
TOKENS = ("forge-token", "forge-admin-token")
SECONDS = 30.0


@pytest.fixture
def repository() -> Iterator[str]:
    """A repository that the administrator created, as maintainers do, and not the bot."""
    forge_settings()
    name = unique("recipe")
    place = f"/orgs/{forge_settings().organisation}/repos"
    wanted = {"name": name, "private": True, "auto_init": True, "default_branch": "main"}
    Call(as_admin())("POST", place, dict(wanted))
    yield name
    if as_admin().default_branch(name) is not None:
        as_admin().remove_repository(name)


@pytest.fixture
def new_user() -> Iterator[Callable[[str], Account]]:
    """Creates users that are deleted at the end of the test."""
    made: list[Account] = []

    def make(prefix: str) -> Account:
        made.append(make_user(prefix))
        return made[-1]

    yield make
    for account in made:
        remove_user(account)


def service() -> dict[str, Any]:
    forge_settings()
    client = docker.from_env()
    found = stacks.services(client, stacks.stack_name(f"forge.{load_server().domain}"))
    assert [str(one.name).rpartition("_")[2] for one in found] == ["app"], "one service: sqlite"
    return dict(found[0].attrs)


def test_the_forge_is_the_recipe_gitea_with_the_label_of_the_lab() -> None:
    spec = service()["Spec"]
    labels = spec["Labels"]
    image = spec["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")[0]
    assert labels["ccci.lab"] == "1"
    assert (image,) == imagelist.images_of(forge.RECIPE, head_only=True, files=forge.COMPOSE_FILES)
    stack = labels[stacks.NAMESPACE]
    assert labels[f"coop-cloud.{stack}.chaos-version"] or labels[f"coop-cloud.{stack}.version"]


def test_the_recipe_is_not_changed_for_the_forge() -> None:
    forge_settings()
    checkout = LAB / "abra" / "recipes" / forge.RECIPE
    changed = subprocess.run(
        ["git", "-C", str(checkout), "status", "--porcelain"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert changed.stdout == ""
    assert "ALLOWED_TYPES" in (LAB / forge.SETTINGS_TEMPLATE).read_text()
    assert "ALLOWED_TYPES" not in (checkout / "app.ini.tmpl").read_text()


def test_a_second_up_changes_nothing_with_or_without_the_forge() -> None:
    before = service()
    tokens = {name: (LAB / name).read_text() for name in TOKENS}
    again = lab_up("--forge")
    assert f"lab  forge.{load_server().domain} ... already up" in again
    plain = lab_up()
    assert "forge" not in plain
    after = service()
    assert (after["ID"], after["Version"]) == (before["ID"], before["Version"])
    assert {name: (LAB / name).read_text() for name in TOKENS} == tokens


def test_status_shows_the_forge() -> None:
    forge_settings()
    done = subprocess.run(
        [sys.executable, "-m", "lab", "status"], cwd=PROJECT, capture_output=True, text=True
    )
    assert f"forge      {forge_settings().url}  up\n" in done.stdout


def test_only_the_owner_can_read_the_tokens_and_they_are_in_no_other_file() -> None:
    forge_settings()
    tokens = [(LAB / name).read_text().strip() for name in TOKENS]
    assert len({*tokens}) == 2 and all(len(token) == 40 for token in tokens)
    for name in TOKENS:
        assert (LAB / name).stat().st_mode & 0o777 == 0o600
    others = [path for path in LAB.iterdir() if path.is_file() and path.name not in TOKENS]
    others += list((LAB / "logs").iterdir())
    for path in others:
        text = path.read_text(errors="replace")
        assert not any(token in text for token in tokens), path


def test_the_bot_can_do_what_the_loop_does(
    repository: str, new_user: Callable[[str], Account]
) -> None:
    bot = as_bot()
    assert repository in bot.repositories()
    number = open_pull_request(repository, {"README": "better"})
    commit = bot.pull_request(repository, number).commit
    maintainer, reader = new_user("maintainer"), new_user("reader")
    grant(repository, maintainer, "write")
    grant(repository, reader, "read")
    assert bot.may_write(repository, maintainer.name)
    assert not bot.may_write(repository, reader.name)
    comment = bot.comment(repository, number, "queued")
    bot.edit_comment(repository, comment.id, "passed")
    attached = bot.attach(repository, comment.id, "log.html", b"<html>all is well</html>")
    assert [one.id for one in bot.attachments(repository, comment.id)] == [attached.id]
    bot.set_status(repository, commit, "success", "passed", "ccci/demo", "")
    seen = as_admin().comments_of(repository, number)
    assert [(one.author, one.body) for one in seen] == [("ccci", "passed")]
    place = f"/repos/{forge_settings().organisation}/{repository}/commits/{commit}/status"
    status: Any = Call(as_admin())("GET", place)
    assert [(one["context"], one["status"]) for one in status["statuses"]] == [
        ("ccci/demo", "success")
    ]


def test_the_bot_can_create_repositories_in_the_organisation() -> None:
    name = unique("made")
    as_bot().create_repository(name)
    assert as_admin().default_branch(name) is not None
    as_bot().remove_repository(name)
    assert as_admin().default_branch(name) is None


def test_the_bot_can_do_nothing_else(new_user: Callable[[str], Account]) -> None:
    organisation = forge_settings().organisation
    call = Call(as_bot())
    member = new_user("outsider")
    teams: Any = Call(as_admin())("GET", f"/orgs/{organisation}/teams")
    owners = next(one["id"] for one in teams if one["name"] == "Owners")
    refused: tuple[tuple[str, str, dict[str, object] | None], ...] = (
        ("GET", "/admin/users", None),
        ("GET", "/user", None),
        ("PATCH", "/user/settings", {"full_name": "somebody else"}),
        ("POST", "/user/repos", {"name": unique("own")}),
        ("PATCH", f"/orgs/{organisation}", {"description": "ours now"}),
        ("PUT", f"/teams/{owners}/members/{member.name}", None),
        ("POST", f"/orgs/{organisation}/teams", {"name": "more", "permission": "admin"}),
        ("DELETE", f"/orgs/{organisation}", None),
    )
    seen = {}
    for method, path, fields in refused:
        with pytest.raises(ForgeRefused) as raised:
            call(method, path, fields)
        seen[f"{method} {path}"] = raised.value.status
    assert set(seen.values()) == {403}, seen


def test_the_bot_cannot_see_repositories_of_other_users(new_user: Callable[[str], Account]) -> None:
    outsider = new_user("outsider")
    wanted = {"name": "public", "private": False, "auto_init": True}
    Call(as_admin())("POST", f"/admin/users/{outsider.name}/repos", dict(wanted))
    assert as_admin(outsider.name).default_branch("public") is not None
    theirs = forge_settings().model_copy(update={"organisation": outsider.name})
    assert Forge(theirs, load_server()).default_branch("public") is None


def test_a_webhook_reaches_this_node(repository: str) -> None:
    received: queue.Queue[tuple[str, bytes]] = queue.Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.headers["X-Gitea-Event"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    address = load_server().containers.names_address
    assert address, "the lab writes the address at which containers reach this node"
    with HTTPServer((address, 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        call, place = (
            Call(as_admin()),
            f"/repos/{forge_settings().organisation}/{repository}/hooks",
        )
        config = {"url": f"http://{address}:{server.server_port}/", "content_type": "json"}
        events = ["issue_comment", "push"]
        made: Any = call(
            "POST", place, {"type": "gitea", "active": True, "events": events, "config": config}
        )
        call("POST", f"{place}/{made['id']}/tests")
        event, body = received.get(timeout=SECONDS)
        server.shutdown()
    assert event == "push"
    assert json.loads(body)["repository"]["name"] == repository


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        # Without images this fails, but only after it has started Docker.
        assert made.lab("up").code == 1
        refs = {ref for name in LAB_RECIPES for ref in imagelist.images_of(name, head_only=True)}
        refs |= set(imagelist.images_of(forge.RECIPE, head_only=True, files=forge.COMPOSE_FILES))
        archive = made.folder / "images.tar"
        subprocess.run(["docker", "save", "-o", str(archive), *sorted(refs)], check=True)
        assert made.run("docker", "load", "-i", str(archive)).code == 0
        archive.unlink()
        yield made


@pytest.mark.heavy
def test_up_without_the_option_creates_no_forge(sandbox: Sandbox) -> None:
    done = sandbox.lab("up", "--recipe", "traefik")
    assert done.code == 0, done.output
    assert "forge" not in done.output
    assert files_of_the_forge(sandbox.state) == set()
    assert "forge      none: `lab up --forge` deploys one" in sandbox.lab("status").output


@pytest.mark.heavy
def test_an_invalid_token_is_replaced_and_nothing_else(sandbox: Sandbox) -> None:
    first = sandbox.lab("up", "--forge", "--recipe", "traefik")
    assert first.code == 0, first.output
    assert "forge.lab.test ... deployed" in first.output
    assert files_of_the_forge(sandbox.state) == set(forge.PATHS)
    admins = (sandbox.state / "lab" / "forge-admin-token").read_text()
    lost = (sandbox.state / "lab" / "forge-token").read_text()
    (sandbox.state / "lab" / "forge-token").write_text("0" * 40)
    again = sandbox.lab("up", "--forge", "--recipe", "traefik")
    assert again.code == 0, again.output
    assert "forge.lab.test ... already up" in again.output
    assert (sandbox.state / "lab" / "forge-admin-token").read_text() == admins
    assert (sandbox.state / "lab" / "forge-token").read_text() not in (lost, "0" * 40)


@pytest.mark.heavy
def test_down_removes_the_forge_and_its_files(sandbox: Sandbox) -> None:
    assert files_of_the_forge(sandbox.state) == set(forge.PATHS)
    foreign = ["docker", "volume", "create", "foreign"]
    assert sandbox.run(*foreign).code == 0
    done = sandbox.lab("down")
    assert "remove app forge.lab.test ... done" in done.output
    # The lab started Docker here and has stopped it, so its folder shows what is left.
    assert files_of_the_forge(sandbox.state) == set()
    left = {path.name for path in (sandbox.folder / "docker" / "volumes").iterdir()}
    assert {name for name in left if name not in ("backingFsBlockDev", "metadata.db")} == {
        "foreign"
    }


def files_of_the_forge(state: Path) -> set[str]:
    return {path.name for path in (state / "lab").iterdir() if path.name.startswith("forge")}
