"""git as a client: the server file's trust and names, the account's credentials, nothing else's."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.waiting import Look, wait_for
from ccci.web.accounts import Account
from ccci.web.git_client import GitClient

ANNA = Account("anna", "the password of anna")


@pytest.fixture
def origin(tmp_path: Path) -> str:
    path = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True)
    return f"file://{path}"


@pytest.fixture
def client(tmp_path: Path) -> GitClient:
    return GitClient(Server(domain="lab.test"), tmp_path / "git")


def test_what_is_pushed_is_cloned_back(client: GitClient, origin: str) -> None:
    content = os.urandom(5000)
    clone = client.clone(origin, ANNA)
    first = client.commit(clone, "folder/file.bin", content, "The first one")
    client.push(clone)
    back = client.clone(origin)
    assert (back.path / "folder/file.bin").read_bytes() == content
    assert client.head(back) == first
    assert client.messages(back) == ["The first one"]
    client.check(back)


def test_whom_nobody_reached_has_not_refused(client: GitClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NodeFailure, match=r"'git clone' of .* failed: "):
        client.clone(f"https://127.0.0.1:{port}/a.git")
    with pytest.raises(NodeFailure, match="Could not resolve host"):
        client.clone("https://nowhere.invalid/a.git")
    with pytest.raises(RecipeFailure, match=r"'git clone' of .* failed: "):
        client.clone("file:///nowhere.git")


def test_a_push_that_is_behind_is_refused_in_gits_words(client: GitClient, origin: str) -> None:
    early, late = client.clone(origin, ANNA), client.clone(origin, ANNA)
    client.commit(late, "a", b"1", "One")
    client.push(late)
    client.commit(early, "b", b"2", "Two")
    with pytest.raises(RecipeFailure, match=r"'git push' of .* failed: .*rejected"):
        client.push(early)


def test_broken_objects_are_noticed(client: GitClient, origin: str) -> None:
    clone = client.clone(origin, ANNA)
    client.commit(clone, "a", b"1", "One")
    for path in (clone.path / ".git" / "objects").glob("??/*"):
        path.chmod(0o600)
        path.write_bytes(b"spoilt")
    with pytest.raises(RecipeFailure, match="'git fsck' of"):
        client.check(clone)


def test_names_and_trust_come_from_the_server_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git in its place writes down how it was called."""
    monkeypatch.setenv("GIT_SSL_CAINFO", "/of/the/machine.pem")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nenv > {tmp_path}/environment\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    server = Server(
        domain="lab.test", ca_bundle=tmp_path / "ca.pem", names={"*.lab.test": "127.0.0.1"}
    )
    GitClient(server, tmp_path / "git").clone("https://git.lab.test:8443/a/b.git", ANNA)
    words = (tmp_path / "words").read_text()
    assert f"-c http.sslCAInfo={tmp_path / 'ca.pem'} " in words
    assert "-c http.curloptResolve=git.lab.test:8443:127.0.0.1 " in words
    assert "-c http.sslVerify=true " in words
    assert ANNA.password not in words
    environment = (tmp_path / "environment").read_text()
    assert "GIT_SSL" not in environment
    asked = tmp_path / "git" / "asked"
    answers = [
        subprocess.run(
            [asked, question],
            env=dict(line.split("=", 1) for line in environment.splitlines()),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for question in ("Username for 'https://git.lab.test': ", "Password for 'https://x': ")
    ]
    assert answers == ["anna\n", f"{ANNA.password}\n"]


def test_a_git_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nsleep 61 &\necho $! > {tmp_path}/child\nwait\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    client = GitClient(Server(domain="lab.test"), tmp_path / "git", within_seconds=1)
    with pytest.raises(RecipeFailure, match="expected it to end within 1 s; it was still running"):
        client.clone("https://git.lab.test/a.git")
    child = int((tmp_path / "child").read_text())
    # It was sent the signal; a busy node may need a moment to end it.
    wait_for("the child to end", lambda: Look(not _runs(child), "it runs"), 10.0, 0.05)


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("many", [False, True])
def test_a_repository_that_fills_the_disk_is_not_cloned(
    client: GitClient, origin: str, tmp_path: Path, many: bool
) -> None:
    """Its pack has kilobytes: the files are zeros, one that is large, or many."""
    work = tmp_path / "work"
    subprocess.run(["git", "clone", "--quiet", origin, str(work)], check=True)
    for number in range(60 if many else 1):
        with (work / str(number)).open("wb") as file:
            file.truncate((10 if many else 100) << 20)
    say = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*say, "add", "."], check=True)
    subprocess.run([*say, "commit", "--quiet", "--message", "Zeros"], check=True)
    subprocess.run([*say, "push", "--quiet", "origin", "HEAD"], check=True)
    if many:
        client = GitClient(Server(domain="lab.test"), tmp_path / "git", at_most_bytes=100 << 20)
    with pytest.raises(RecipeFailure, match="at most 104,857,600 bytes" if many else "failed"):
        client.clone(origin)


def test_an_account_does_not_show_its_password() -> None:
    assert ANNA.password not in repr(ANNA)
