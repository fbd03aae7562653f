"""`make vet` says what the poller would say of the same commit."""

import subprocess
import sys
from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.errors import Misuse
from ccci.loop.fetching import Refused
from ccci.loop.preparing import prepare
from ccci.loop.store import Store, Wanted
from ccci.loop.vetting import vetted
from ccci.project import PROJECT
from tests.unit.loop.forge_in_memory import ForgeInMemory

PLAIN = "services:\n  app:\n    image: nginx:1.26.3\n"
SOCKET = PLAIN + "    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n"
NOBODY: frozenset[str] = frozenset()


class Checkout:
    """A recipe's repository with a work tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "-b", "main")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")
        return subprocess.run(
            ["git", *identity, *words], cwd=self.folder, capture_output=True, text=True, check=True
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


def said_by_the_poller(
    checkout: Checkout, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The words with which the poller refuses a commit, or ""."""
    project = tmp_path / "project"
    (project / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", project)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    store = Store(tmp_path)
    store.ask(1, "demo", 1, head, "anna", [Wanted("demo", head)])
    request = store.request(1)
    store.close()
    try:
        prepare(forge.forge(), request, tmp_path / "request")
    except Refused as refused:
        return str(refused)
    return ""


def compose_that_reaches(checkout: Checkout) -> str:
    return checkout.commit(SOCKET)


def release_before_that_reaches(checkout: Checkout) -> str:
    checkout.commit(SOCKET, "1.0.0+1.26.3")
    return checkout.commit(PLAIN)


def link_in_the_tree(checkout: Checkout) -> str:
    (checkout.folder / "abra.sh").symlink_to("/etc/passwd")
    return checkout.commit(PLAIN)


def all_well(checkout: Checkout) -> str:
    checkout.commit(PLAIN, "1.0.0+1.26.3")
    return checkout.commit(PLAIN + "# more\n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (compose_that_reaches, "compose.yml:5: "),
        (release_before_that_reaches, "the release before it: compose.yml:5: "),
        (link_in_the_tree, "abra.sh"),
        (all_well, ""),
    ],
)
def test_both_say_the_same(
    checkout: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: object,
    words: str,
) -> None:
    head = make(checkout)  # type: ignore[operator]
    found = " ".join(vetted(checkout.folder, NOBODY))
    assert words in found
    assert bool(found) == bool(words)
    assert found == said_by_the_poller(checkout, head, tmp_path, monkeypatch)


def test_another_commit_than_the_one_that_is_checked_out_is_judged_by_its_hash(
    checkout: Checkout,
) -> None:
    """Some engines check out a merge and test the pull request's own head."""
    checkout.commit(PLAIN)
    head = checkout.commit(SOCKET)
    checkout.commit(PLAIN)
    assert vetted(checkout.folder, NOBODY) == []
    assert "the Docker socket" in " ".join(vetted(checkout.folder, NOBODY, head))


def test_what_is_not_committed_does_not_count(checkout: Checkout) -> None:
    checkout.commit(SOCKET)
    (checkout.folder / "compose.yml").write_text(PLAIN)
    assert vetted(checkout.folder, NOBODY) != []


def test_a_folder_without_a_repository_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="must be a checkout of a git repository"):
        vetted(tmp_path, NOBODY)


def test_the_command_ends_with_1_and_names_the_line(checkout: Checkout) -> None:
    checkout.commit(SOCKET)
    done = subprocess.run(
        [sys.executable, "-m", "ccci.loop", "vet", "custom-html", str(checkout.folder)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "compose.yml:5: " in done.stdout
