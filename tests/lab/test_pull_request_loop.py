"""The pull request loop on the real forge: from a comment through a run to the verdict."""

import html
import re
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


def test_readers_and_other_comments_get_neither_run_nor_answer(site: LoopSite) -> None:
    number = site.pull_request("Only talk", "timeout=", "timeout=")
    site.ask(number, "!testme", site.people.reader)
    site.ask(number, "please do not !testme yet")
    site.poller.cycle()
    assert site.store.requests() == []
    assert site.comments(number) == []
    ignored = f"ignored: {site.people.reader} has no write access"
    assert any(ignored in line for line in site.log_lines)


def test_an_invalid_command_gets_one_short_answer(site: LoopSite) -> None:
    number = site.pull_request("Unclear", "timeout=", "timeout=")
    asked = site.ask(number, "!testme everything please, now!")
    for _ in range(3):
        site.poller.cycle()
    (answer,) = site.comments(number)
    assert answer["body"].startswith(f"<!-- ccci answer to {asked} -->")
    assert "`please?` is not a valid recipe name." in answer["body"]
    assert "`!testme stop`" in answer["body"]
    assert site.store.requests() == []


def test_a_recipe_that_mounts_the_docker_socket_is_refused_with_the_line(site: LoopSite) -> None:
    socket = "      - /var/run/docker.sock:/var/run/docker.sock\n"
    number = site.pull_request("Grow", "    volumes:\n", f"    volumes:\n{socket}")
    site.ask(number)
    site.cycle_until_settled()
    request = site.request(number)
    assert request.state == "refused"
    assert request.run_id == "", "no run may be started"
    (comment,) = site.comments(number)
    # The forge shows escaped text as it was, but does not act on it.
    shown = html.unescape(comment["body"]).replace("\u200b", "")
    assert "the Docker socket" in shown
    compose = site.people.content(RECIPE, "compose.yml").splitlines()
    line = compose.index("    volumes:") + 2
    assert f"compose.yml:{line}: " in shown
    assert site.people.statuses(RECIPE, request.pull_request_commit) == {f"ccci/{RECIPE}": "error"}


def test_one_pull_request_passes_and_one_that_breaks_the_backup_fails(
    site: LoopSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = site.pull_request("Publish 1.2.0", "version=1.1.0+1.26.3", "version=1.2.0+1.26.3")
    bad = site.pull_request("Tidy up", BACKUP_LABEL, "")
    for number in (good, bad):
        site.ask(number)
    deleted = delete_before_the_verdict(site, monkeypatch)
    site.posted.clear()
    site.poller.cycle()
    commit = site.request(good).pull_request_commit
    site.people.push(RECIPE, good, "Break it", {"compose.yml": "services: {}\n"})
    site.cycle_until_settled()
    # Posted one after the other into the same comment.
    for text in ("**queued", "**running, install", "**running, backup", "**passed**"):
        assert any(text in body for body in site.posted), f"the comment never showed {text!r}"

    (comment,) = site.comments(good)
    assert "**passed**" in comment["body"]
    assert commit[:10] in comment["body"], "the commit under test is named"
    assert site.request(good).commit == commit, "a push after the comment changes nothing"
    assert site.people.statuses(RECIPE, commit) == {f"ccci/{RECIPE}": "success"}
    names = sorted(asset["name"].partition("-")[0] for asset in comment["assets"])
    assert names == ["log", "report"]
    run = site.request(good).run_id
    assert all(run in asset["name"] for asset in comment["assets"])
    assert deleted, "one of the comments was deleted, and was posted again with everything"

    (comment,) = site.comments(bad)
    assert "**failed**" in comment["body"]
    assert len(comment["assets"]) == 2
    lines = html.unescape(comment["body"]).replace("\u200b", "").splitlines()
    failed = [line for line in lines if "❌" in line and "|" in line]
    assert any("backup" in line for line in failed), failed
    assert not any("install" in line for line in failed), failed
    failures = [line for line in lines if line.startswith("- backup: ")]
    assert len(failures) == 2, failures
    assert "backupbot.backup" in failures[0], "the reason is shown, and not only the command"
    skipped = r"- backup: \d+ more tests did not run, because the backup failed: A Fresh "
    assert re.match(skipped, failures[1]), failures
    shown = site.people.dashboard(f"{RECIPE}.html")
    assert all(site.request(number).run_id in shown for number in (good, bad))
    commit = site.request(bad).pull_request_commit
    assert site.people.statuses(RECIPE, commit) == {f"ccci/{RECIPE}": "failure"}


def delete_before_the_verdict(site: LoopSite, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Delete a comment just before its files are attached; its id is in the list afterwards."""
    deleted: list[int] = []
    attachments = site.forge.attachments

    def after_deletion(repository: str, comment: int) -> list[Attachment]:
        if not deleted:
            deleted.append(comment)
            site.people.remove_comment(repository, comment)
        return attachments(repository, comment)

    monkeypatch.setattr(site.forge, "attachments", after_deletion)
    return deleted


def test_nothing_is_done_twice(site: LoopSite) -> None:
    """Two pollers at the same time: one of them handles a comment, and nothing else changes."""
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
        # Each thread has its own poller, as two processes would.
        list(both.map(lambda _: _run_cycle(site), range(2)))
    requests = site.store.requests()
    assert requests[: len(before)] == before
    new = [(one.comment, one.state, one.run_id) for one in requests[len(before) :]]
    assert new == [(asked, "refused", "")]
    edited, answer = site.comments(number)
    assert edited["id"] == refusal["id"], "the comment is edited"
    assert answer["body"].startswith(f"<!-- ccci answer to {unclear} -->")
    assert {other: site.comments(other) for other in others} == posted


def _run_cycle(site: LoopSite) -> None:
    store = Store(site.store.folder)
    Poller(site.people.forge(), store, site.log_lines.append).cycle()
    store.close()


def test_an_idle_poll_costs_one_request_for_each_repository(
    site: LoopSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []
    send = Client.request

    def recorded(client: Client, method: str, url: str, *more: Any) -> Response:
        requests.append(f"{method} {urllib.parse.urlsplit(url).path}")
        return send(client, method, url, *more)

    monkeypatch.setattr(Client, "request", recorded)
    site.poller.cycle()
    organisation = site.people.organisation
    assert requests == [
        f"GET /api/v1/orgs/{organisation}/repos",
        f"GET /api/v1/repos/{organisation}/{RECIPE}/issues/comments",
    ]
