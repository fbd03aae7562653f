"""`make vet` finds what the poller finds in the same commit."""

import subprocess
import sys
from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.errors import Misuse
from ccci.loop.fetching import Refused
from ccci.loop.preparing import prepare
from ccci.loop.store import RecipeCommit, Store
from ccci.loop.vetting import violations_in_commit
from ccci.project import PROJECT
from ccci.recipe.config import RecipeConfig
from tests.unit.loop.forge_in_memory import ForgeInMemory

PLAIN = "services:\n  app:\n    image: nginx:1.26.3\n"
SOCKET = PLAIN + "    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n"
NONE = RecipeConfig()


class Checkout:
    """A recipe's repository with a working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=True
        ).stdout.strip()

    def commit(self, compose: str, release: str = "") -> str:
        (self.folder / "compose.yml").write_text(compose)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "x")
        if release:
            self.git("tag", "--annotate", "-m", release, release)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def refusal_of_the_poller(
    checkout: Checkout, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return the message with which the poller refuses a commit, or ""."""
    project = tmp_path / "project"
    (project / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", project)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    store = Store(tmp_path)
    store.queue(1, "demo", 1, commit, "anna", [RecipeCommit("demo", commit)])
    request = store.request(1)
    store.close()
    try:
        prepare(forge.forge(), request, tmp_path / "request")
    except Refused as refused:
        return str(refused)
    return ""


def socket_in_the_commit(checkout: Checkout) -> str:
    return checkout.commit(SOCKET)


def socket_in_the_release_before(checkout: Checkout) -> str:
    checkout.commit(SOCKET, "1.0.0+1.26.3")
    return checkout.commit(PLAIN)


def link_in_the_tree(checkout: Checkout) -> str:
    (checkout.folder / "abra.sh").symlink_to("/etc/passwd")
    return checkout.commit(PLAIN)


def no_violation(checkout: Checkout) -> str:
    checkout.commit(PLAIN, "1.0.0+1.26.3")
    return checkout.commit(PLAIN + "# more\n")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (socket_in_the_commit, "compose.yml:5: "),
        (socket_in_the_release_before, "the release before it: compose.yml:5: "),
        (link_in_the_tree, "abra.sh"),
        (no_violation, ""),
    ],
)
def test_vet_and_the_poller_give_the_same_messages(
    checkout: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: object,
    message: str,
) -> None:
    commit = make(checkout)  # type: ignore[operator]
    found = " ".join(violations_in_commit(checkout.folder, NONE))
    assert message in found
    assert bool(found) == bool(message)
    assert found == refusal_of_the_poller(checkout, commit, tmp_path, monkeypatch)


def test_a_commit_that_is_not_checked_out_can_be_named(
    checkout: Checkout,
) -> None:
    """Some CI engines check out a merge, but the pull request's own commit is to be tested."""
    checkout.commit(PLAIN)
    commit = checkout.commit(SOCKET)
    checkout.commit(PLAIN)
    assert violations_in_commit(checkout.folder, NONE) == []
    assert "the Docker socket" in " ".join(violations_in_commit(checkout.folder, NONE, commit))


def test_uncommitted_changes_do_not_count(checkout: Checkout) -> None:
    checkout.commit(SOCKET)
    (checkout.folder / "compose.yml").write_text(PLAIN)
    assert violations_in_commit(checkout.folder, NONE) != []


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="must be a checkout of a git repository"):
        violations_in_commit(tmp_path, NONE)


def test_the_command_has_exit_code_1_and_names_the_line(checkout: Checkout) -> None:
    checkout.commit(SOCKET)
    done = subprocess.run(
        [sys.executable, "-m", "ccci.loop", "vet", "custom-html", str(checkout.folder)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "compose.yml:5: " in done.stdout
