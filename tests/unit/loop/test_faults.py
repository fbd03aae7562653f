"""What fails for one request ends that request alone: whatever the forge or the disk does."""

import errno
import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ccci.loop.poller
from ccci.errors import CcciError, NodeFailure
from ccci.loop.backoff import GIVE_UP_SECONDS, LONGEST_SECONDS
from ccci.loop.dispatch import Dispatch
from ccci.loop.forge import Comment, Forge, ForgeRefused, ForgeUnreachable, StrangeAnswer
from ccci.loop.poller import Poller
from ccci.loop.store import Request, Store
from ccci.web.http import Response
from ccci.web.limits import LimitBroken, TooLarge
from tests.unit.loop.clock import Clock
from tests.unit.loop.forge_in_memory import ForgeInMemory

LATER = "2100-01-01T00:00:00Z"
BAD, GOOD = 1, 2
FULL = OSError(errno.ENOSPC, "No space left on device")
ERRORS = {
    "refused": lambda: ForgeRefused("The forge refused it: 403 no", 403),
    "not as a forge answers": lambda: StrangeAnswer("it did not answer as Gitea does: id: missing"),
    "a bug": lambda: KeyError("id"),
    "a full disk": lambda: FULL,
}
# Each call that is about one pull request.
CALLS = (
    "may_write", "pull_request", "comments_of", "comment", "edit_comment", "attachments",
    "set_status",
)  # fmt: skip


@pytest.fixture
def poller(
    forge: ForgeInMemory, store: Store, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> Poller:
    """A poller with two comments to handle; every run has ended as soon as it has begun."""
    for number in (BAD, GOOD):
        author = "mallory" if number == BAD else "alice"
        comment = Comment(number, author, "!testme", LATER, LATER, number, "")
        forge.comments[number] = comment

    def end(_: Dispatch, request: Request) -> None:
        store.set_state(request.id, "done")

    monkeypatch.setattr(Dispatch, "_prepare_and_start", end)
    monkeypatch.setattr(ccci.loop.poller, "write_site", lambda *_, **__: None)
    monkeypatch.setattr(ccci.loop.poller, "sweep", lambda report: None)
    return Poller(forge.forge(), store, log_lines.append)


def fail(forge: ForgeInMemory, name: str, error: Callable[[], Exception]) -> list[str]:
    """Let a call fail that is about the bad pull request; return the list of its failures."""
    failures: list[str] = []
    works = getattr(forge, name)

    @functools.wraps(works)
    def call(*arguments: Any, **named: Any) -> Any:
        if _is_about_bad(forge, name, arguments):
            failures.append(name)
            raise error()
        return works(*arguments, **named)

    setattr(forge, name, call)
    return failures


def _is_about_bad(forge: ForgeInMemory, name: str, arguments: tuple[Any, ...]) -> bool:
    if name == "may_write":
        return bool(arguments[1] == "mallory")
    if name in ("edit_comment", "attachments"):
        return forge.comments[arguments[1]].pull_request == BAD
    if name == "set_status":
        return bool(arguments[1] == "a" * 40) and len(forge.statuses) % 2 == 0
    return bool(arguments[1] == BAD)


def shown(forge: ForgeInMemory, number: int) -> str:
    return " ".join(one.body for one in forge.own_comments(number) if one.author == "ccci")


def cycle_until_given_up(poller: Poller, clock: Clock) -> None:
    for _ in range(12):
        poller.cycle()
        clock.now += LONGEST_SECONDS


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_forge_ends_one_request_alone(
    name: str, error: str, forge: ForgeInMemory, store: Store, poller: Poller, clock: Clock
) -> None:
    failures = fail(forge, name, ERRORS[error])
    for _ in range(3):
        poller.cycle()
    assert "incomplete" in shown(forge, GOOD), "the other request has its verdict at once"
    asked = len(failures)
    for _ in range(20):
        poller.cycle()
    assert len(failures) - asked <= 2, "there is a pause"
    for _ in range(2 * int(GIVE_UP_SECONDS / LONGEST_SECONDS) + 4):
        clock.now += LONGEST_SECONDS
        poller.cycle()
    assert not store.unposted(), "it was given up"
    assert not store.answers_to_post()
    count = len(failures)
    clock.now += 10 * GIVE_UP_SECONDS
    poller.cycle()
    assert len(failures) == count


def test_a_comment_that_cannot_be_handled_is_answered_in_the_end(
    forge: ForgeInMemory, poller: Poller, clock: Clock
) -> None:
    fail(forge, "pull_request", ERRORS["a bug"])
    cycle_until_given_up(poller, clock)
    assert "Nothing was queued: internal error (KeyError)" in shown(forge, BAD)


def test_a_stranger_gets_no_answer_even_if_permissions_cannot_be_read(
    forge: ForgeInMemory, poller: Poller, clock: Clock
) -> None:
    fail(forge, "may_write", ERRORS["refused"])
    cycle_until_given_up(poller, clock)
    assert shown(forge, BAD) == ""


@pytest.mark.parametrize("attempt", range(0, 40, 5))
def test_a_full_disk_delays_everything_and_loses_nothing(
    attempt: int, forge: ForgeInMemory, store: Store, poller: Poller, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    writes = 0
    works = Store._run

    def run(self: Store, statement: str, *values: Any) -> int:
        nonlocal writes
        writes += 1
        if writes > attempt and statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "COMMIT"):
            raise NodeFailure("Cannot write loop.sqlite: database or disk is full.")
        return works(self, statement, *values)

    with monkeypatch.context() as full:
        full.setattr(Store, "_run", run)
        for _ in range(4):
            poller.cycle()
            clock.now += LONGEST_SECONDS
    for _ in range(4):
        poller.cycle()
        clock.now += LONGEST_SECONDS
    for number in (BAD, GOOD):
        assert "incomplete" in shown(forge, number)
        assert len([one for one in forge.own_comments(number) if one.author == "ccci"]) == 1


def test_a_request_whose_folder_cannot_be_made_does_not_stop_the_other(
    forge: ForgeInMemory, store: Store, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = Store.folder_of

    def folder_of(self: Store, request: Request) -> Path:
        if request.pull_request == BAD:
            raise FULL
        return works(self, request)

    monkeypatch.setattr(Store, "folder_of", folder_of)
    for _ in range(3):
        poller.cycle()
    assert "incomplete" in shown(forge, GOOD)


def test_a_forge_that_is_down_is_told_once(
    forge: ForgeInMemory, poller: Poller, log_lines: list[str]
) -> None:
    forge.is_down = True
    for _ in range(5):
        poller.cycle()
    assert len([line for line in log_lines if "is down" in line]) == 1


OPEN = """
import resource, signal, sys
from pathlib import Path
from ccci.errors import NodeFailure
from ccci.loop.store import Store
if sys.argv[2] == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    Store(Path(sys.argv[1]))
except NodeFailure as failure:
    print(failure)
"""


def opened(folder: Path, how: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder), how], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_store_that_cannot_be_written_says_so_in_a_sentence(tmp_path: Path) -> None:
    said = opened(tmp_path, "full")
    assert said.startswith(f"Cannot open {tmp_path}/loop.sqlite: ")
    assert len(said.splitlines()) == 1


def test_a_store_that_is_damaged_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "loop.sqlite").write_bytes(b"not a database, " * 500)
    said = opened(tmp_path)
    assert "file is not a database. The file is damaged: stop the poller, run 'mv " in said


def test_a_store_that_cannot_be_opened_says_what_must_be_writable(tmp_path: Path) -> None:
    (tmp_path / "loop.sqlite").mkdir()
    said = opened(tmp_path)
    assert "unable to open database file. This user must be able to write the folder" in said


ANSWERS = {
    "no JSON": b"<html>please sign in</html>",
    "nothing": b"",
    "null": b"null",
    "a number": b"7",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of null": b"[null]",
    "nulls": b'{"id": null, "body": null, "head": null, "user": 5, "commit": null, "name": null}',
    "wrong kinds": b'{"id": "x", "head": [], "state": 5, "permission": {}, "created_at": "now"}',
    "a large number": b'{"id": 1' + b"0" * 400 + b"}",
    "a number of 5,000 digits": b'{"id": 1' + b"0" * 5000 + b"}",
    "deep": b"[" * 200_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "half a character": b'{"name": "\\ud800", "default_branch": "\\udfff"}',
}
REQUESTS: dict[str, Callable[[Forge], object]] = {
    "repositories": lambda f: f.repositories(),
    "default_branch": lambda f: f.default_branch("demo"),
    "is_empty": lambda f: f.is_empty("demo"),
    "branch_commit": lambda f: f.branch_commit("demo", "main"),
    "comments_since": lambda f: f.comments_since("demo", LATER),
    "comments_of": lambda f: f.comments_of("demo", 1),
    "pull_request": lambda f: f.pull_request("demo", 1),
    "commits_of": lambda f: f.commits_of("demo", 1),
    "may_write": lambda f: f.may_write("demo", "\ud800/../x"[1:]),
    "comment": lambda f: f.comment("demo", 1, "text"),
    "attachments": lambda f: f.attachments("demo", 1),
    "attach": lambda f: f.attach("demo", 1, "log.html", b"x"),
}


def forge_that_answers(
    forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], Response]
) -> Forge:
    made = Forge(forge.settings, forge.trust)
    monkeypatch.setattr(made._client, "request", lambda _method, url, *_: answer(url))
    return made


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_no_answer_raises_anything_but_our_own_errors(
    request_: str, answer: str, forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"content-type": "application/json"}
    asked = forge_that_answers(
        forge, monkeypatch, lambda url: Response(url, 200, headers, ANSWERS[answer], 0.1)
    )
    try:
        REQUESTS[request_](asked)
    except CcciError as error:
        assert len(str(error)) < 1000


@pytest.mark.parametrize(
    ("status", "kind"),
    [(301, ForgeRefused), (302, ForgeRefused), (400, ForgeRefused), (429, ForgeUnreachable),
     (500, ForgeUnreachable), (503, ForgeUnreachable)],
)  # fmt: skip
def test_a_status_is_of_the_request_or_of_the_forge(
    status: int, kind: type[CcciError], forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = forge_that_answers(
        forge, monkeypatch, lambda url: Response(url, status, {}, b"[" * 100_000, 0.1)
    )
    with pytest.raises(kind):
        asked.pull_request("demo", 1)


def test_an_answer_that_is_too_large_concerns_its_request_alone(
    forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(url: str) -> Response:
        raise TooLarge(f"{url}: more than 16 MiB")

    with pytest.raises(StrangeAnswer, match="16 MiB"):
        forge_that_answers(forge, monkeypatch, answer).comments_since("demo", LATER)


def test_a_forge_that_hangs_is_down(forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(url: str) -> Response:
        raise LimitBroken(f"{url}: expected the whole answer within 30 s")

    with pytest.raises(ForgeUnreachable, match="within 30 s"):
        forge_that_answers(forge, monkeypatch, answer).comments_since("demo", LATER)


def test_a_forge_whose_pages_never_end_is_not_followed_for_ever(
    forge: ForgeInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"[" + b",".join([b'{"sha": "' + b"a" * 40 + b'"}'] * 50) + b"]"
    asked = forge_that_answers(forge, monkeypatch, lambda url: Response(url, 200, {}, page, 0.1))
    with pytest.raises(StrangeAnswer, match="more than 200 pages"):
        asked.commits_of("demo", 1)


def test_a_comment_with_half_a_character_is_read_and_can_be_stored(
    forge: ForgeInMemory, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        b'[{"id": 9, "user": {"login": "mal\\ud800lory"}, "body": "!testme \\udfff", "created_at":'
        b'"2100-01-01T00:00:00Z", "updated_at": "2100-01-01T00:00:00+02:00",'
        b'"pull_request_url": "https://forge.lab.test/x/pulls/7"}]'
    )
    asked = forge_that_answers(forge, monkeypatch, lambda url: Response(url, 200, {}, body, 0.1))
    (comment,) = asked.comments_since("demo", LATER)
    assert (comment.author, comment.pull_request) == ("mal\ufffdlory", 7)
    store.queue(comment.id, "demo", 7, "a" * 40, comment.author, [])


@pytest.mark.parametrize(
    ("place", "code", "said"),
    [
        ("state", 2, "loop: The state folder"),
        # A person need not act on each of these: the service starts it again.
        ("state/loop/forge.lab.test-recipe-maintainers/loop.sqlite", 1, "loop: Cannot open"),
    ],
)
def test_a_start_that_fails_says_why_in_one_sentence(
    place: str, code: int, said: str, tmp_path: Path
) -> None:
    forge = ForgeInMemory.make(tmp_path).settings
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("neither a folder nor a database " * 100)
    settings = tmp_path / "forge.toml"
    settings.write_text(f'url = "{forge.url}"\nuser = "ccci"\ntoken_file = "{forge.token_file}"\n')
    server = tmp_path / "server.toml"
    server.write_text('domain = "lab.test"\n')
    done = subprocess.run(
        [sys.executable, "-m", "ccci.loop", "once"], capture_output=True, text=True, check=False,
        env={**os.environ, "CCCI_FORGE_FILE": str(settings), "CCCI_SERVER_FILE": str(server),
             "CCCI_STATE_DIR": str(tmp_path / "state")},
    )  # fmt: skip
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(said)
