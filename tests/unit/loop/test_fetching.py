"""Fetching a commit as data: exactly this commit, with its tags, and nothing of it is run."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.loop.fetching import Gone, Limits, Refused, Remote, fetch_commit, write_previous_release
from ccci.loop.trees import problem_with_name
from ccci.node.server import Server
from ccci.recipe.checkout import check_out

SERVER = Server(domain="lab.test")
TOKEN = "a token that nobody may see"


class Origin:
    """A recipe's repository as a forge keeps it, written object by object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--bare", "-b", "main", str(path), at=path.parent)

    def git(self, *arguments: str, given: bytes = b"", at: Path | None = None) -> str:
        identity = ("-c", "user.name=anna", "-c", "user.email=anna@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=at or self.path,
            input=given,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Write a tree of (mode, name, hash), even if git considers it invalid."""
        content = b"".join(
            mode.encode() + b" " + name + b"\0" + bytes.fromhex(sha) for mode, name, sha in entries
        )
        command = ("hash-object", "-w", "-t", "tree", "--literally", "--stdin")
        return self.git(*command, given=content)

    def commit(self, tree: str, *parents: str) -> str:
        options = [option for one in parents for option in ("-p", one)]
        return self.git("commit-tree", tree, *options, "-m", "x")

    def head(self, *entries: tuple[str, bytes, str]) -> str:
        """Write a commit with compose.yml and these entries, and point main to it."""
        compose = ("100644", b"compose.yml", self.blob(b"services: {}\n"))
        main = self.git("for-each-ref", "--format=%(objectname)", "refs/heads/main").split()
        commit = self.commit(self.tree(compose, *entries), *main)
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def release(self, name: str, commit: str) -> None:
        self.git("tag", "--annotate", "--message", name, name, commit)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin.git")


@pytest.fixture
def fetch(origin: Origin, tmp_path: Path) -> Callable[..., Path]:
    def fetch_it(commit: str, limits: Limits | None = None) -> Path:
        remote = Remote(str(origin.path), "", "", SERVER)
        return fetch_commit(remote, commit, tmp_path / "fetched", limits or Limits())

    return fetch_it


def refusal(fetch: Callable[..., Path], commit: str, limits: Limits | None = None) -> str:
    with pytest.raises(Refused) as refused:
        fetch(commit, limits)
    return str(refused.value)


def test_exactly_the_pinned_commit_is_fetched_with_all_tags(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    """A later push changes nothing, and a run can make its own copy of the repository."""
    first = origin.head()
    origin.release("1.0.0+1.22.1", first)
    pinned = origin.head(("100644", b"a.txt", origin.blob(b"pinned\n")))
    origin.head(("100644", b"a.txt", origin.blob(b"pushed later\n")))
    fetched = fetch(pinned)
    assert (fetched / "a.txt").read_text() == "pinned\n"
    made = check_out("x", fetched, tmp_path / "copy", pinned)
    assert made.commit == pinned
    assert (made.path / "a.txt").read_text() == "pinned\n"
    assert str(made.previous) == "1.0.0+1.22.1"
    made.show(made.previous)
    assert not (made.path / "a.txt").exists()
    assert origin.git("status", "--porcelain", at=fetched) == ""


def test_a_commit_that_is_not_on_a_branch_any_more_is_fetched(
    origin: Origin, fetch: Callable[..., Path]
) -> None:
    pinned = origin.head(("100644", b"a.txt", origin.blob(b"pinned\n")))
    origin.git("update-ref", "refs/heads/main", origin.commit(origin.tree()))
    assert (fetch(pinned) / "a.txt").read_text() == "pinned\n"


def test_the_message_names_a_commit_that_is_gone(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    origin.head()
    commit = "0123456789" * 4
    with pytest.raises(Gone, match=f"Commit {commit} is not in {origin.path} any more"):
        fetch(commit)
    assert not (tmp_path / "fetched").exists()


def test_the_hash_of_a_tree_is_not_a_commit(origin: Origin, fetch: Callable[..., Path]) -> None:
    origin.head()
    with pytest.raises(Gone, match="is not a commit"):
        fetch(origin.git("rev-parse", "main^{tree}"))


@pytest.mark.parametrize("commit", ["main", "HEAD", "75826ae", "--upload-pack=x", "", "A" * 40])
def test_a_commit_must_be_a_full_hash(commit: str, fetch: Callable[..., Path]) -> None:
    with pytest.raises(Misuse, match="not the full hash of a commit"):
        fetch(commit)


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% /tmp/x", "--upload-pack=x", "ssh://a/b", "git@a:b", "a/b",
     "https://anna:secret@a/b", "https:///b", "file:///b"],
)  # fmt: skip
def test_a_commit_is_fetched_from_https_urls_and_paths_only(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="cannot be fetched from"):
        fetch_commit(Remote(url, "", "", SERVER), "0" * 40, tmp_path / "fetched")


def test_a_symbolic_link_is_refused(origin: Origin, fetch: Callable[..., Path]) -> None:
    link = ("120000", b"nginx.conf.tmpl", origin.blob(b"/etc/ccci/forge.toml"))
    commit = origin.head(link)
    message = refusal(fetch, commit)
    assert message.startswith(f"'nginx.conf.tmpl' in commit {commit[:7]} is a symbolic link")


def test_the_path_of_a_link_is_named(origin: Origin, fetch: Callable[..., Path]) -> None:
    folder = origin.tree(("120000", b"in", origin.blob(b"/")))
    assert refusal(fetch, origin.head(("40000", b"folder", folder))).startswith("'folder/in' in ")


def test_a_link_in_the_previous_release_is_refused(
    origin: Origin, fetch: Callable[..., Path]
) -> None:
    """A run deploys that release too."""
    origin.release("1.0.0+1", origin.head(("120000", b"x", origin.blob(b"/etc"))))
    assert "'x' in release 1.0.0+1 is a symbolic link" in refusal(fetch, origin.head())


def test_a_link_in_an_older_release_is_allowed(origin: Origin, fetch: Callable[..., Path]) -> None:
    origin.release("1.0.0+1", origin.head(("120000", b"x", origin.blob(b"/etc"))))
    origin.release("1.1.0+1", origin.head())
    head = origin.head(("100644", b"now", origin.blob(b"x")))
    assert (fetch(head) / "now").exists()


def test_a_submodule_is_refused(origin: Origin, fetch: Callable[..., Path]) -> None:
    commit = origin.head(("160000", b"other", "1" * 40))
    message = refusal(fetch, commit)
    assert "'other' in commit" in message and "submodule" in message


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b".git", "git's own folder"),
        (b".GIT", "git's own folder"),
        (b".gIt", "git's own folder"),
        (b"git~1", "git's own folder"),
        (b"GIT~2", "git's own folder"),
        (b".git ", "git's own folder"),
        (b".git. .", "git's own folder"),
        (b".git::$INDEX_ALLOCATION", "git's own folder"),
        (".g\u200cit".encode(), "git's own folder"),
        ("\ufeff.git".encode(), "git's own folder"),
        ("\uff0e\uff47\uff49\uff54".encode(), "git's own folder"),
        (b"..", "leaves its folder"),
        (b".", "leaves its folder"),
        (b"../up", "leaves its folder"),
        (b"a/../../up", "leaves its folder"),
        (b"/etc", "leaves its folder"),
        (b"a//b", "leaves its folder"),
        (b"a/.git/config", "git's own folder"),
        (b"a\nb", "control character"),
        (b"a\x1b[31m", "control character"),
        (b"a\x7f", "control character"),
        ("a\u0085b".encode(), "control character"),
        ("a\u202eb".encode(), "control character"),
        ("a\u2028b".encode(), "control character"),
        (b"a\\b", "backslash"),
        (b"\xff", "not UTF-8"),
        (b"a" * 201, "too long"),
        (b"a/" * 501 + b"a", "too long"),
    ],
)
def test_a_harmful_name_is_refused(
    name: bytes, why: str, origin: Origin, fetch: Callable[..., Path]
) -> None:
    message = refusal(fetch, origin.head(("100644", name, origin.blob(b"x"))))
    assert why in message
    assert message.isprintable() and message.isascii()


@pytest.mark.parametrize(
    "name",
    [b".gitignore", b".github/x", b".env.sample", b"git", b"a.git", b"release/1.0.0+1.2", b"a b",
     "\u00fc\u4e2d".encode(), b"...", b"git~", b"-a"],
)  # fmt: skip
def test_other_names_are_allowed(name: bytes) -> None:
    assert problem_with_name(name) == ""


def test_a_name_without_end_is_refused_at_once(origin: Origin, fetch: Callable[..., Path]) -> None:
    """Git packs a name of 32 MiB into a few kilobytes; to join its pieces took half a minute."""
    commit = origin.head(("100644", b"n" * (32 << 20), origin.blob(b"x")))
    started = time.monotonic()
    assert "is longer than 65536 bytes" in refusal(fetch, commit)
    assert time.monotonic() - started < 10


def test_the_same_name_twice_is_refused(origin: Origin, fetch: Callable[..., Path]) -> None:
    twice = ("100644", b"compose.yml", origin.blob(b"another"))
    message = refusal(fetch, origin.head(twice))
    assert "'compose.yml' in commit" in message and "twice" in message


def test_too_many_files_are_refused(origin: Origin, fetch: Callable[..., Path]) -> None:
    blob = origin.blob(b"x")
    commit = origin.head(*[("100644", b"f%04d" % number, blob) for number in range(30)])
    assert "more than 20 files and folders" in refusal(fetch, commit, Limits(files=20))
    assert (fetch(commit, Limits(files=31)) / "f0029").exists()


def test_nested_trees_with_too_many_files_are_refused_quickly(
    origin: Origin, fetch: Callable[..., Path]
) -> None:
    """Ten levels of ten folders each: a few objects in git, and ten billion files."""
    tree = origin.tree(("100644", b"f", origin.blob(b"x")))
    for _ in range(10):
        tree = origin.tree(*[("40000", b"d%d" % number, tree) for number in range(10)])
    started = time.monotonic()
    assert "more than 5000 files" in refusal(fetch, origin.head(("40000", b"bomb", tree)))
    assert time.monotonic() - started < 20


def test_a_large_file_is_refused_before_it_is_written(
    origin: Origin, fetch: Callable[..., Path]
) -> None:
    """A file of zeros is small in a pack."""
    commit = origin.head(("100644", b"large", origin.blob(bytes(40 << 20))))
    message = refusal(fetch, commit)
    assert "'large' in commit" in message and "41943040 bytes" in message


def test_files_that_are_large_together_are_refused(
    origin: Origin, fetch: Callable[..., Path]
) -> None:
    one = origin.blob(bytes(1000))
    commit = origin.head(("100644", b"x", one), ("100644", b"y", one))
    assert "'y' exceeds the limit" in refusal(fetch, commit, Limits(tree_bytes=1500))
    assert (fetch(commit, Limits(tree_bytes=2100)) / "y").exists()


def test_a_download_that_is_too_large_is_aborted(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    """Files that are in none of the checked trees count too: here, a file of an older commit."""
    random = origin.blob(os.urandom(3 << 20))
    older = origin.commit(origin.tree(("100644", b"old", random)))
    commit = origin.commit(origin.tree(("100644", b"f", origin.blob(b"x"))), older)
    message = refusal(fetch, commit, Limits(transfer_bytes=1 << 20))
    assert "is larger than 1048576 bytes" in message
    assert not (tmp_path / "fetched").exists()
    assert (fetch(commit, Limits(transfer_bytes=4 << 20)) / "f").exists()


def test_too_many_tags_are_refused(origin: Origin, fetch: Callable[..., Path]) -> None:
    commit = origin.head()
    for number in range(5):
        origin.release(f"t{number}", commit)
    assert "has 5 tags; at most 4" in refusal(fetch, commit, Limits(tags=4))
    assert fetch(commit, Limits(tags=5)).exists()


def test_no_hook_or_filter_of_the_repository_or_the_machine_is_run(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    touch = f"touch {trace}; cat"
    hooks = tmp_path / "hooks"
    for folder in (hooks, tmp_path / "template" / "hooks"):
        folder.mkdir(parents=True)
        for name in ("post-checkout", "post-index-change", "reference-transaction", "post-merge"):
            (folder / name).write_text(f"#!/bin/sh\ntouch {trace}\n")
            (folder / name).chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f'[filter "evil"]\nsmudge = "{touch}"\nrequired = true\n'
        f'[core]\nhooksPath = {hooks}\nfsmonitor = "touch {trace}"\n'
        f"[init]\ntemplateDir = {tmp_path / 'template'}\n"
        f'[uploadpack]\npackObjectsHook = "touch {trace}; exec"\n'
        f'[url "https://elsewhere.test/"]\ninsteadOf = {tmp_path}/\n'
    )
    config = origin.blob(f"[core]\nfsmonitor = touch {trace}\n".encode())
    attributes = b"* filter=evil ident text eol=crlf working-tree-encoding=UTF-16LE-BOM\n"
    commit = origin.head(
        ("100644", b".gitattributes", origin.blob(attributes)),
        ("100644", b".gitmodules", origin.blob(b'[submodule "x"]\n\tpath=x\n\turl=/etc\n')),
        ("100644", b".lfsconfig", origin.blob(b"[lfs]\n\turl = https://elsewhere.test\n")),
        ("100644", b"config", config),
        ("100644", b"text", origin.blob(b"$Id$\n")),
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.hooksPath={hooks}'")
    fetched = fetch(commit)
    check_out("x", fetched, tmp_path / "copy", commit)
    assert not trace.exists()
    origin.git("clone", "--quiet", f"file://{origin.path}", str(tmp_path / "by a person"))
    assert trace.exists()
    assert (fetched / "text").read_bytes() == b"$Id$\n"
    assert (tmp_path / "copy" / "text").read_bytes() == b"$Id$\n"
    assert not list((fetched / ".git").glob("hooks/*"))


def test_the_previous_release_is_written_to_be_checked(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    origin.release("1.0.0+1", origin.head(("100644", b"older", origin.blob(b"x"))))
    origin.release("1.1.0+1", origin.head(("100644", b"before", origin.blob(b"x"))))
    head = origin.head(("100644", b"now", origin.blob(b"x")))
    origin.release("1.2.0+1", head)
    fetched = fetch(head)
    written = write_previous_release(fetched, tmp_path / "before")
    assert written and sorted(p.name for p in written.iterdir()) == ["before", "compose.yml"]
    assert sorted(p.name for p in fetched.iterdir()) == [".git", "compose.yml", "now"]
    assert origin.git("status", "--porcelain", at=fetched) == ""


def test_without_releases_there_is_no_previous_release(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    assert write_previous_release(fetch(origin.head()), tmp_path / "before") is None


class _Silent(BaseHTTPRequestHandler):
    """A forge that asks for credentials, records them, and then does not answer."""

    received: list[str]
    release: threading.Event

    def do_GET(self) -> None:
        self.received.append(self.headers.get("Authorization", ""))
        if not self.headers.get("Authorization"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.release.wait(30)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def test_a_fetch_from_a_forge_that_does_not_answer_ends_in_time(tmp_path: Path) -> None:
    """The credentials are sent when git asks for them, not in the URL or on a command line."""
    handler = type("Handler", (_Silent,), {"received": [], "release": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as forge:
        threading.Thread(target=forge.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{forge.server_port}/a/b.git"
        started = time.monotonic()
        with pytest.raises(NodeFailure) as failed:
            remote = Remote(url, "anna", TOKEN, SERVER)
            fetch_commit(remote, "0" * 40, tmp_path / "fetched", Limits(seconds=3))
        handler.release.set()  # type: ignore[attr-defined]
        forge.shutdown()
    assert "did not end within 3 s" in str(failed.value)
    assert time.monotonic() - started < 10
    assert handler.received[-1].startswith("Basic ")  # type: ignore[attr-defined]
    assert TOKEN not in str(failed.value) and TOKEN not in repr(remote)
    assert not (tmp_path / "fetched").exists()


def test_a_forge_that_is_not_running_is_a_failure_of_the_node(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Silent) as closed:
        port = closed.server_port
    with pytest.raises(NodeFailure, match=r"Fetching from .* failed"):
        fetch_commit(Remote(f"http://127.0.0.1:{port}/a", "", "", SERVER), "0" * 40, tmp_path / "f")


def test_a_redirect_of_the_forge_is_not_followed(tmp_path: Path) -> None:
    """The other host would get the credentials of this one."""
    requested: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{port}/other{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as forge:
        port = forge.server_port
        threading.Thread(target=forge.serve_forever, daemon=True).start()
        with pytest.raises(CcciError):
            remote = Remote(f"http://127.0.0.1:{forge.server_port}/a.git", "anna", TOKEN, SERVER)
            fetch_commit(remote, "0" * 40, tmp_path / "fetched")
        forge.shutdown()
    assert [path for path in requested if path.startswith("/other")] == []
    assert requested


def test_git_gets_names_and_certificates_of_the_server_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake git records its arguments."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nmkdir -p .git\necho "$@" >> {tmp_path}/arguments\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    server = Server(
        domain="lab.test", ca_bundle=tmp_path / "ca.pem", names={"*.lab.test": "127.0.0.1"}
    )
    remote = Remote("https://git.lab.test:8443/a/b.git", "anna", TOKEN, server)
    with pytest.raises(Gone):
        fetch_commit(remote, "0" * 40, tmp_path / "fetched")
    arguments = (tmp_path / "arguments").read_text()
    assert f"-c http.sslCAInfo={tmp_path / 'ca.pem'} " in arguments
    assert "-c http.curloptResolve=git.lab.test:8443:127.0.0.1 " in arguments
    assert "-c http.sslVerify=true " in arguments
    assert TOKEN not in arguments


def test_an_existing_folder_is_not_changed(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched" / "mine").touch()
    with pytest.raises(FileExistsError):
        fetch(origin.head())
    assert (tmp_path / "fetched" / "mine").exists()


def blob_tag(origin: Origin) -> None:
    origin.release("2.0.0+1.26.3", origin.blob(b"no commit\n"))


def light_tag_of_a_tree(origin: Origin) -> None:
    origin.git("tag", "2.0.0+1.26.3", origin.tree())


def tag_of_a_tag(origin: Origin) -> None:
    origin.release("inner", origin.blob(b"no commit\n"))
    origin.release("2.0.0+1.26.3", "inner")


def zeros_in_front(origin: Origin) -> None:
    origin.git("tag", "02.0.0+1.26.3", "1.0.0+1.22.1^{}")


def wide_space(origin: Origin) -> None:
    origin.git("tag", "a\u30002.0.0+1.26.3", "1.0.0+1.22.1^{}")


def line_separator(origin: Origin) -> None:
    origin.git("tag", "a\u20282.0.0+1.26.3", "1.0.0+1.22.1^{}")


def not_utf_8(origin: Origin) -> None:
    commit = origin.git("rev-parse", "main").encode()
    packed = origin.path / "packed-refs"
    packed.write_bytes(
        b"# pack-refs with: peeled fully-peeled sorted\n" + commit + b" refs/tags/\xe9\n"
    )


@pytest.mark.parametrize(
    "tag",
    [blob_tag, light_tag_of_a_tree, tag_of_a_tag, zeros_in_front, wide_space, line_separator,
     not_utf_8],
)  # fmt: skip
def test_a_tag_that_names_no_release_is_ignored(
    origin: Origin, fetch: Callable[..., Path], tmp_path: Path, tag: Callable[[Origin], None]
) -> None:
    """Each of these was told as trouble of the forge, and fetched again in every turn."""
    origin.release("1.0.0+1.22.1", origin.head())
    commit = origin.head(("100644", b"a.txt", origin.blob(b"x")))
    tag(origin)
    fetched = fetch(commit)
    assert write_previous_release(fetched, tmp_path / "before") == tmp_path / "before"
    assert str(check_out("x", fetched, tmp_path / "copy").previous) == "1.0.0+1.22.1"
