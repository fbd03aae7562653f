"""What is answered to a comment: words from outside stand in it as words, and do nothing."""

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
# What a server at the other end of a git connection may say.
SAID = "remote: @all <img src=x> [look](https://elsewhere.test) #7 ![x](y) **now**"


def test_what_a_server_said_to_git_is_quoted_and_cut(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = ForgeInMemory.make(tmp_path)

    def fail(*_: object) -> str:
        raise NodeFailure(f"'other' cannot be mirrored: {SAID} {'x' * 5000}")

    monkeypatch.setattr("ccci.loop.mirror.mirror", fail)
    forge.comments[7] = Comment(7, "maintainer", "!testme other", LATER, LATER, 1, "")
    Watch(forge.forge(), store, lambda _: None).look()
    Publish(forge.forge(), store, lambda _: None).step()
    body = forge.said(1)[-1].body
    (_, answer) = body.split("\n", 1)
    assert answer.startswith("Nothing was queued: ")
    for sign in ("@", "<", "[", "`", "*", "!", "://", "#7"):
        assert sign not in answer, f"{sign} may mean something to the forge"
    shown = html.unescape(answer).replace("\u200b", "")
    assert SAID in shown
    assert len(shown) < 400
