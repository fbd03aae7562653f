"""The answer to a comment: text from outside is quoted in it and has no effect."""

import html
from pathlib import Path

import pytest

from ccci.errors import NodeFailure
from ccci.loop.forge import Comment
from ccci.loop.publish import Publish
from ccci.loop.store import Store
from ccci.loop.watch import Watch
from tests.unit.loop.forge_in_memory import ForgeInMemory

LATER = "2100-01-01T00:00:00Z"
# A message that a git server may send.
MESSAGE = "remote: @all <img src=x> [look](https://elsewhere.test) #7 ![x](y) **now**"


def test_a_message_of_a_git_server_is_escaped_and_cut(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = ForgeInMemory.make(tmp_path)

    def fail(*_: object) -> str:
        raise NodeFailure(f"'other' cannot be mirrored: {MESSAGE} {'x' * 5000}")

    monkeypatch.setattr("ccci.loop.mirror.mirror", fail)
    forge.comments[7] = Comment(7, "maintainer", "!testme other", LATER, LATER, 1, "")
    Watch(forge.forge(), store, lambda _: None).poll()
    Publish(forge.forge(), store, lambda _: None).step()
    body = forge.own_comments(1)[-1].body
    (_, answer) = body.split("\n", 1)
    assert answer.startswith("Nothing was queued: ")
    for sign in ("@", "<", "[", "`", "*", "!", "://", "#7"):
        assert sign not in answer, f"the forge may act on {sign}"
    shown = html.unescape(answer).replace("\u200b", "")
    assert MESSAGE in shown
    assert len(shown) < 400


@pytest.mark.parametrize(
    ("asked", "tested"),
    [
        ("!testme", "a" * 40),
        (f"!testme {'a' * 40}", "a" * 40),
        (f"!testme {'b' * 40}", "b" * 40),
        (f"!testme BBBBBBBC{'0' * 32}", "bbbbbbbc" + "0" * 32),
    ],
)
def test_the_commit_that_is_named_is_tested_and_gets_the_status(
    asked: str, tested: str, forge: ForgeInMemory, store: Store
) -> None:
    forge.comments[7] = Comment(7, "maintainer", asked, LATER, LATER, 1, "")
    Watch(forge.forge(), store, lambda _: None).poll()
    (request,) = store.requests("queued")
    assert (request.commit, request.pull_request_commit) == (tested, tested)
    Publish(forge.forge(), store, lambda _: None).step()
    assert f"<code>{tested[:10]}</code>" in forge.own_comments(1)[-1].body
    assert forge.statuses[0][0] == tested


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (
            f"!testme {'c' * 40}",
            f"{'c' * 40} is not a commit of this pull request. Its newest commit is aaaaaaaaaa.",
        ),
        (
            f"!testme {'a' * 7}",
            f"{'a' * 7} is too short to name a commit, as somebody can make another "
            "one that begins like it. Give the whole hash, 40 digits.",
        ),
    ],
)
def test_a_commit_of_no_pull_request_is_not_tested(
    asked: str, answer: str, forge: ForgeInMemory, store: Store
) -> None:
    forge.comments[7] = Comment(7, "maintainer", asked, LATER, LATER, 1, "")
    Watch(forge.forge(), store, lambda _: None).poll()
    assert not store.requests()
    assert store.answers_to_post()[0].body == f"Nothing was queued: {answer}"
