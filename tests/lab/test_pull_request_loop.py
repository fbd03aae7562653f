"""The pull request loop in short, on the real forge: asked, pinned, tested, told."""

import html
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ccci.loop.forge import Attachment
from ccci.loop.poller import Poller
from ccci.loop.store import Store
from ccci.web.http import Client, Response
from tests.lab.loop_site import BACKUP_LABEL, RECIPE, LoopSite

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopSite]:
    made = LoopSite.make(tmp_path_factory.mktemp("loop"))
    yield made
    made.remove()


def test_strangers_and_other_comments_get_no_run_and_no_noise(site: LoopSite) -> None:
    number = site.pull_request("Only talk", "timeout=", "timeout=")
    site.ask(number, "!testme", site.people.stranger)
    site.ask(number, "please do not !testme yet")
    site.poller.turn()
    assert site.store.requests() == []
    assert site.comments(number) == []
    assert any("stranger may not write there" in words for words in site.told)


def test_what_is_not_understood_gets_one_short_answer(site: LoopSite) -> None:
    number = site.pull_request("Unclear", "timeout=", "timeout=")
    asked = site.ask(number, "!testme everything please, now!")
    for _ in range(3):
        site.poller.turn()
    (answer,) = site.comments(number)
    assert answer["body"].startswith(f"<!-- ccci answer to {asked} -->")
    assert "`please?` is no recipe's name." in answer["body"]
    assert "`!testme stop`" in answer["body"]
    assert site.store.requests() == []


def test_a_recipe_that_reaches_for_the_node_is_refused_with_the_line(site: LoopSite) -> None:
    socket = "      - /var/run/docker.sock:/var/run/docker.sock\n"
    number = site.pull_request("Grow", "    volumes:\n", f"    volumes:\n{socket}")
    site.ask(number)
    site.turns_until_settled()
    request = site.request(number)
    assert request.state == "refused"
    assert request.run_id == "", "nothing may be started"
    (comment,) = site.comments(number)
    # A word of a stranger's is shown letter by letter as it is, and is nothing else to the forge.
    shown = html.unescape(comment["body"]).replace("\u200b", "")
    assert "the Docker socket" in shown
    compose = site.people.content(RECIPE, "compose.yml").splitlines()
    line = compose.index("    volumes:") + 2
    assert f"compose.yml:{line}: " in shown
    assert site.people.statuses(RECIPE, request.head) == {f"ccci/{RECIPE}": "error"}


def test_one_pull_request_passes_and_one_that_breaks_the_backup_does_not(
    site: LoopSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = site.pull_request("Publish 1.2.0", "version=1.1.0+1.26.3", "version=1.2.0+1.26.3")
    bad = site.pull_request("Tidy up", BACKUP_LABEL, "")
    for number in (good, bad):
        site.ask(number)
    removed = removed_as_the_verdict_comes(site, monkeypatch)
    site.posted.clear()
    site.poller.turn()
    asked_for = site.request(good).head
    site.people.push(RECIPE, good, "Break it", {"compose.yml": "services: {}\n"})
    site.turns_until_settled()
    # Posted one after the other into the same comment.
    for words in ("**queued", "**running, install", "**running, backup", "**passed**"):
        assert any(words in body for body in site.posted), f"the comment never said {words!r}"

    (told,) = site.comments(good)
    assert "**passed**" in told["body"]
    assert asked_for[:10] in told["body"], "the commit that was asked for is named"
    assert site.request(good).hash == asked_for, "a push after the comment changes nothing"
    assert site.people.statuses(RECIPE, asked_for) == {f"ccci/{RECIPE}": "success"}
    names = sorted(asset["name"].partition("-")[0] for asset in told["assets"])
    assert names == ["log", "report"]
    run = site.request(good).run_id
    assert all(run in asset["name"] for asset in told["assets"])
    assert removed, "one of the comments was removed, and is there again with all that it had"

    (told,) = site.comments(bad)
    assert "**failed**" in told["body"]
    assert len(told["assets"]) == 2
    failed = [line for line in told["body"].splitlines() if "❌" in line and "|" in line]
    assert any("backup" in line for line in failed), failed
    assert not any("install" in line for line in failed), failed
    shown = site.people.dashboard(f"{RECIPE}.html")
    assert all(site.request(number).run_id in shown for number in (good, bad))
    head = site.request(bad).head
    assert site.people.statuses(RECIPE, head) == {f"ccci/{RECIPE}": "failure"}


def removed_as_the_verdict_comes(site: LoopSite, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have somebody remove one comment just before its files are attached; returns its number."""
    removed: list[int] = []
    attachments = site.forge.attachments

    def after_it_is_gone(repository: str, comment: int) -> list[Attachment]:
        if not removed:
            removed.append(comment)
            site.people.remove_comment(repository, comment)
        return attachments(repository, comment)

    monkeypatch.setattr(site.forge, "attachments", after_it_is_gone)
    return removed


def test_nothing_is_done_twice(site: LoopSite) -> None:
    """New comments and two pollers at once: each is handled by one, and the rest stays as it is."""
    before = site.store.requests()
    number = next(one.pull_request for one in before if one.state == "refused")
    others = {one.pull_request for one in before} - {number}
    posted = {other: site.comments(other) for other in others}
    (refusal,) = site.comments(number)
    asked = site.ask(number)
    unclear = site.ask(number, "!testme what is this?")
    site.new_poller()
    site.poller.start()
    with ThreadPoolExecutor(2) as both:
        # Each thread has a poller of its own, as two processes would.
        list(both.map(lambda _: _one_turn(site), range(2)))
    requests = site.store.requests()
    assert requests[: len(before)] == before
    new = [(one.comment, one.state, one.run_id) for one in requests[len(before) :]]
    assert new == [(asked, "refused", "")]
    there, answer = site.comments(number)
    assert there["id"] == refusal["id"], "what is there is edited"
    assert answer["body"].startswith(f"<!-- ccci answer to {unclear} -->")
    assert {other: site.comments(other) for other in others} == posted


def _one_turn(site: LoopSite) -> None:
    store = Store(site.store.folder)
    Poller(site.people.forge(), store, site.told.append).turn()
    store.close()


def test_an_idle_look_costs_one_request_for_each_repository(
    site: LoopSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Client.request

    def noted(client: Client, method: str, url: str, *more: Any) -> Response:
        asked.append(f"{method} {urllib.parse.urlsplit(url).path}")
        return ask(client, method, url, *more)

    monkeypatch.setattr(Client, "request", noted)
    site.poller.turn()
    organisation = site.people.organisation
    assert asked == [
        f"GET /api/v1/orgs/{organisation}/repos",
        f"GET /api/v1/repos/{organisation}/{RECIPE}/issues/comments",
    ]
