"""Mirroring recipes to the real forge, from repositories that are created here."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccci.loop.forge import Forge, ForgeRefused
from ccci.loop.mirror import NoUpstream, mirror
from ccci.loop.remote_git import RemoteGit
from ccci.loop.settings import ForgeSettings
from ccci.node.server import load_server
from ccci.node.state import state_dir
from ccci.web.accounts import Account
from tests.lab.forge_site import PROJECT, Call, as_admin, as_bot, forge_settings, unique

pytestmark = pytest.mark.lab
WHO = ["-c", "user.name=Author", "-c", "user.email=author@example.org"]


class Upstream:
    """The upstream repository of a recipe, and its mirror on the forge."""

    def __init__(self, folder: Path) -> None:
        self.recipe = unique("mirrored")
        self.path = folder / self.recipe
        self.folder = folder
        self.path.mkdir()
        self.git("init", "--quiet", "--initial-branch=trunk")
        self.commit("first")
        self.git("tag", "--annotate", "1.0.0+1.0", "--message", "the first release")
        self.git("tag", "light")
        # Sorted by name, it comes before trunk.
        self.git("branch", "archive")
        self.commit("second")

    @property
    def settings(self) -> ForgeSettings:
        pattern = f"{self.folder}/{{recipe}}"
        return forge_settings().model_copy(update={"upstream": pattern})

    def git(self, *arguments: str) -> str:
        command = ["git", *WHO, "-C", str(self.path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def refs(self) -> dict[str, str]:
        """Return its branches and tags with their objects; an annotated tag is its own object."""
        rows = self.git("show-ref").splitlines()
        pairs = (row.split() for row in rows)
        return {name: found for found, name in pairs if not name.startswith("refs/pull/")}

    def mirror(self) -> str:
        return mirror(as_bot(), self.settings, self.recipe)

    def refs_on_the_forge(self) -> dict[str, str]:
        settings = self.settings
        server = load_server().model_copy(update={"ca_bundle": settings.ca_bundle})
        git = RemoteGit(server, self.folder, Account(settings.user, settings.token()))
        url = as_bot().clone_url(self.recipe)
        done = git.run(url, "ls-remote", "--refs", url)
        assert done.code == 0, done.error
        return {name: found for found, name in map(str.split, done.output.splitlines())}


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    made = Upstream(tmp_path)
    yield made
    if as_admin().default_branch(made.recipe) is not None:
        as_admin().remove_repository(made.recipe)
    mirrors = state_dir() / "loop" / "mirrors"
    (mirrors / f"{made.recipe}.lock").unlink(missing_ok=True)
    assert not (mirrors / made.recipe).exists(), "its copy was not removed"


def test_a_missing_recipe_is_copied_with_all_branches_and_tags(upstream: Upstream) -> None:
    upstream.git("update-ref", "refs/pull/1/head", "HEAD")
    message = upstream.mirror()
    assert upstream.refs_on_the_forge() == upstream.refs()
    assert set(upstream.refs()) == {
        "refs/heads/archive",
        "refs/heads/trunk",
        "refs/tags/1.0.0+1.0",
        "refs/tags/light",
    }
    assert message == (
        f"{upstream.recipe} is mirrored from {upstream.path}: created with 4 branches and tags."
    )


def test_a_mirror_is_private_and_has_the_default_branch_of_upstream(upstream: Upstream) -> None:
    upstream.mirror()
    place = f"/repos/{upstream.settings.organisation}/{upstream.recipe}"
    found = Call(as_bot())("GET", place)
    assert isinstance(found, dict)
    assert (found["private"], found["empty"], found["default_branch"]) == (True, False, "trunk")


def test_a_release_is_still_an_annotated_tag(upstream: Upstream) -> None:
    upstream.mirror()
    place = f"/repos/{upstream.settings.organisation}/{upstream.recipe}/git"
    annotated = upstream.git("rev-parse", "1.0.0+1.0")
    found = Call(as_bot())("GET", f"{place}/tags/{annotated}")
    assert isinstance(found, dict)
    assert found["message"].strip() == "the first release"
    assert found["object"]["sha"] == upstream.git("rev-parse", "1.0.0+1.0^{commit}")


def test_a_second_call_copies_only_what_is_new(upstream: Upstream) -> None:
    upstream.mirror()
    assert upstream.mirror().endswith(": nothing new.")
    upstream.commit("third")
    upstream.git("tag", "--annotate", "1.1.0+1.1", "--message", "the second release")
    assert upstream.mirror().endswith(": new: trunk, 1.1.0+1.1.")
    assert upstream.refs_on_the_forge() == upstream.refs()


def test_branches_of_the_forge_are_never_removed_or_moved_back(
    upstream: Upstream,
) -> None:
    upstream.mirror()
    call, place = (
        Call(as_admin()),
        f"/repos/{upstream.settings.organisation}/{upstream.recipe}",
    )
    added = {"content": "", "message": "here only", "branch": "trunk", "new_branch": "change"}
    call("POST", f"{place}/contents/here-only", dict(added))
    call("POST", f"{place}/pulls", {"base": "trunk", "head": "change", "title": "A change"})
    call("POST", f"{place}/contents/merged-here", {**added, "new_branch": "trunk"})
    before = upstream.refs_on_the_forge()
    assert "refs/heads/change" in before and "refs/pull/1/head" in before
    upstream.commit("third, which differs from the third commit on the forge")
    upstream.git("tag", "--force", "light")
    upstream.git("branch", "--delete", "--force", "archive")
    message = upstream.mirror()
    assert upstream.refs_on_the_forge() == before
    kept = "differs from upstream and was not changed: trunk, light."
    assert message.endswith(f": nothing new; {kept}")


def test_a_call_completes_what_a_killed_call_left(upstream: Upstream) -> None:
    # Killed between creating the repository and the push, with an incomplete copy.
    as_bot().create_repository(upstream.recipe)
    half = state_dir() / "loop" / "mirrors" / upstream.recipe / "copy"
    half.mkdir(parents=True)
    (half / "HEAD").write_text("cut o")
    upstream.mirror()
    assert upstream.refs_on_the_forge() == upstream.refs()
    assert as_bot().default_branch(upstream.recipe) == "trunk"


def test_nothing_is_created_if_upstream_cannot_be_read(upstream: Upstream) -> None:
    elsewhere = upstream.settings.model_copy(update={"upstream": "/nowhere/{recipe}"})
    with pytest.raises(NoUpstream) as raised:
        mirror(as_bot(), elsewhere, upstream.recipe)
    assert f"Cannot read /nowhere/{upstream.recipe}: " in str(raised.value)
    assert "does not exist" in str(raised.value)
    assert as_admin().default_branch(upstream.recipe) is None


def test_an_upstream_that_does_not_answer_gives_a_message(upstream: Upstream) -> None:
    # Nothing listens on port 1.
    away = upstream.settings.model_copy(update={"upstream": "https://127.0.0.1:1/{recipe}.git"})
    with pytest.raises(NoUpstream, match=r"^Cannot read https://127\.0\.0\.1:1/.*: .*connect"):
        mirror(as_bot(), away, upstream.recipe)
    assert as_admin().default_branch(upstream.recipe) is None


def test_the_loops_token_is_not_sent_to_upstream(upstream: Upstream) -> None:
    # Here upstream is the forge itself, which would accept the token.
    upstream.mirror()
    private = f"{upstream.settings.url}/{upstream.settings.organisation}/{upstream.recipe}.git"
    closed = upstream.settings.model_copy(update={"upstream": private})
    other = unique("mirrored")
    with pytest.raises(NoUpstream, match=r"Cannot read .*: .*Authentication failed"):
        mirror(as_bot(), closed, other)
    assert as_admin().default_branch(other) is None


def test_a_refused_push_leaves_no_new_repository(upstream: Upstream, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("0" * 40)
    wrong.chmod(0o600)
    refused = upstream.settings.model_copy(update={"token_file": wrong})
    with pytest.raises(ForgeRefused, match=r"refused a push to https://.*: .*[Aa]uthentication"):
        mirror(as_bot(), refused, upstream.recipe)
    assert as_admin().default_branch(upstream.recipe) is None


def test_a_refused_push_does_not_change_an_existing_repository(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.mirror()
    before = upstream.refs_on_the_forge()
    wrong = tmp_path / "token"
    wrong.write_text("0" * 40)
    wrong.chmod(0o600)
    upstream.commit("third")
    with pytest.raises(ForgeRefused):
        mirror(
            as_bot(), upstream.settings.model_copy(update={"token_file": wrong}), upstream.recipe
        )
    assert upstream.refs_on_the_forge() == before


def test_no_hook_or_filter_of_upstream_or_of_this_machine_is_run(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    upstreams_own = upstream.path / ".git" / "hooks"
    upstreams_own.mkdir(exist_ok=True)
    for hook in ("pre-push", "reference-transaction", "post-checkout", "post-merge", "pre-auto-gc"):
        for folder in (template, upstreams_own):
            (folder / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
            (folder / hook).chmod(0o755)
    (upstream.path / ".gitattributes").write_text("* filter=marked\n")
    (upstream.path / ".gitmodules").write_text(
        '[submodule "x"]\n path = x\n url = ext::touch ran\n'
    )
    upstream.git("-c", "core.hooksPath=/dev/null", "add", "--all")
    upstream.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", "hooks")
    upstream.git("config", "uploadpack.packObjectsHook", f"touch {ran}; true")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(
        f'[core]\nhooksPath = {template}\n[filter "marked"]\nclean = touch {ran}\n'
    )
    upstream.mirror()
    assert upstream.refs_on_the_forge() == upstream.refs()
    assert not ran.exists()
    # The hooks do work: a normal git command runs them.
    upstream.git("branch", "another")
    assert ran.exists()


def test_the_command_prints_what_it_did_and_what_is_wrong(upstream: Upstream) -> None:
    file = upstream.folder / "forge.toml"
    settings = (state_dir() / "lab" / "forge.toml").read_text()
    pattern = str(forge_settings().upstream)
    assert pattern in settings
    file.write_text(settings.replace(pattern, f"{upstream.folder}/{{recipe}}"))

    def call(recipe: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ccci.loop.mirror", recipe],
            env={**os.environ, "CCCI_FORGE_FILE": str(file)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    done = call(upstream.recipe)
    assert (done.returncode, done.stderr) == (0, "")
    assert "created with 4 branches and tags" in done.stdout
    missing = call("no-such-recipe")
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"Error: Cannot read {upstream.folder}/no-such-recipe: ")
    assert len(missing.stderr.splitlines()) == 1
    climbing = call("../recipe")
    assert (climbing.returncode, climbing.stdout) == (1, "")
    assert "cannot be a recipe's name" in climbing.stderr


def test_several_calls_at_the_same_time_create_one_repository(upstream: Upstream) -> None:
    file = upstream.folder / "forge.toml"
    settings = (state_dir() / "lab" / "forge.toml").read_text()
    file.write_text(settings.replace(forge_settings().upstream, f"{upstream.folder}/{{recipe}}"))
    calls = [
        subprocess.Popen(
            [sys.executable, "-m", "ccci.loop.mirror", upstream.recipe],
            env={**os.environ, "CCCI_FORGE_FILE": str(file)},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [call.communicate(timeout=120)[0] for call in calls]
    assert [call.returncode for call in calls] == [0] * 4, outputs
    assert ["created with" in output for output in outputs].count(True) == 1, outputs
    assert upstream.refs_on_the_forge() == upstream.refs()


def test_the_default_upstream_is_co_op_clouds_forge(tmp_path: Path) -> None:
    settings = ForgeSettings(url="https://git.example.org", user="ccci", token_file=tmp_path)
    assert settings.upstream == "https://git.coopcloud.tech/coop-cloud/{recipe}.git"


def test_upstream_is_read_before_the_forge_is_contacted(upstream: Upstream) -> None:
    down = upstream.settings.model_copy(update={"url": "https://127.0.0.1:1"})
    elsewhere = down.model_copy(update={"upstream": "/nowhere/{recipe}"})
    with pytest.raises(NoUpstream):
        mirror(Forge(down, load_server()), elsewhere, upstream.recipe)
