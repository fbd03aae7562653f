"""The loop when something dies or is down: nothing is lost, done twice, or left over."""

import html
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

import ccci.loop.dispatch
import ccci.loop.poller
import ccci.node.state
from ccci.loop.store import LIVE, Request
from ccci.loop.watch import Watch
from ccci.node.names import use_names
from ccci.node.server import load_server
from ccci.project import PROJECT
from ccci.results.progress import read_progress
from ccci.teardown.journal import Journal
from tests.lab.loop_site import RECIPE, LoopSite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]
NO_DISK = SimpleNamespace(total=1 << 40, used=1 << 40, free=1 << 20)
# The broadcast address: connections to it fail immediately.
NOBODY = "255.255.255.255"
CUT_OFF = "Attempt 1 was cut off: the node was rebooted"
DIED = "Attempt 1 was cut off: its process died"
STAGES = ("install", "functional", "browser", "restart", "backup")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopSite]:
    made = LoopSite.make(tmp_path_factory.mktemp("loop"))
    yield made
    made.remove()


@pytest.fixture
def pull_request(site: LoopSite, request: pytest.FixtureRequest) -> int:
    return site.pull_request(request.node.name, "timeout=", "timeout=")


def services_of(request: Request) -> list[str]:
    command = ["docker", "service", "ls", "--format", "{{.Name}}"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in names if f"-pr{request.pull_request}-{request.commit[:7]}" in name]


def is_in(site: LoopSite, number: int, stage: str) -> bool:
    """Return whether the run for a pull request has reached a stage."""
    found = [one for one in site.store.requests() if one.pull_request == number and one.run_id]
    progress = read_progress(PROJECT / "results" / RECIPE / found[-1].run_id) if found else None
    return progress is not None and (progress.stage == stage or stage in progress.ended)


def check_passed_once(site: LoopSite, number: int, attempts: int) -> str:
    """Check: one comment, one request, verdict passed, nothing left over; return the comment."""
    requests = [one for one in site.store.requests() if one.pull_request == number]
    assert [(one.state, one.attempts) for one in requests] == [("done", attempts)]
    (comment,) = site.comments(number)
    assert "**passed**" in comment["body"]
    assert len(comment["assets"]) == 2
    assert services_of(requests[0]) == []
    assert Journal.load(requests[0].run_id).is_clean()
    return str(comment["body"])


def shown(body: str) -> str:
    """Return the text of a comment as people read it."""
    return html.unescape(body).replace("\u200b", "")


def wait(condition: object, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.2)


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_killed_poller_the_next_one_follows_its_run(
    site: LoopSite, pull_request: int, seed: int
) -> None:
    stage = random.Random(seed).choice(STAGES)
    with site.process() as poller:
        site.ask(pull_request)
        wait(lambda: is_in(site, pull_request, stage))
        poller.kill()
        poller.wait()
    run = site.request(pull_request).run_id
    with site.process():
        wait(lambda: not site.store.requests(*LIVE) and not site.store.unposted())
    comment = check_passed_once(site, pull_request, attempts=1)
    assert "cut off" not in comment
    assert site.request(pull_request).run_id == run


@pytest.mark.parametrize("seed", [3, 4])
def test_a_killed_run_is_torn_down_and_run_again(
    site: LoopSite, pull_request: int, seed: int
) -> None:
    stage = random.Random(seed).choice(STAGES)
    site.ask(pull_request)
    site.cycle_until(lambda: is_in(site, pull_request, stage))
    first = site.request(pull_request)
    assert first.process
    os.kill(first.process.pid, signal.SIGKILL)
    site.cycle_until(lambda: site.request(pull_request).attempts == 2)
    assert Journal.load(first.run_id).is_clean()
    site.cycle_until_settled()
    comment = check_passed_once(site, pull_request, attempts=2)
    assert DIED in " ".join(site.log_lines)
    assert DIED in shown(comment)


def test_a_reboot_is_recorded_once_and_the_run_that_it_cut_off_is_run_again(
    site: LoopSite, pull_request: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.poller.start()
    site.ask(pull_request)
    site.cycle_until(lambda: is_in(site, pull_request, "functional"))
    first = site.request(pull_request)
    journal = Journal.load(first.run_id)
    reaper = journal.reaper()
    assert first.process and reaper
    # A reboot ends all processes together. The reaper is killed first so that it cannot tear down.
    for process in (reaper, first.process):
        os.kill(process.pid, signal.SIGKILL)
    wait(lambda: not first.process.alive() and not reaper.alive())
    assert services_of(first), "the app is still there, as after a reboot"
    for module in (ccci.node.state, ccci.loop.dispatch, ccci.loop.poller):
        monkeypatch.setattr(module, "boot_id", lambda: "another-boot")
    boots = len(site.store.boots())
    for _ in range(2):
        site.new_poller()
        site.poller.start()
    assert site.store.boots()[boots:] == ["another-boot"]
    assert sum("this node was rebooted" in line for line in site.log_lines) == 1
    assert services_of(first) == []
    # No run may start under the fake boot id, so there is no disk space for one.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: NO_DISK)
    site.poller.cycle()
    assert CUT_OFF in " ".join(site.log_lines)
    (waiting,) = site.comments(pull_request)
    assert "Waiting for disk space" in shown(waiting["body"])
    assert CUT_OFF in shown(waiting["body"])
    monkeypatch.undo()
    site.cycle_until_settled()
    comment = shown(check_passed_once(site, pull_request, attempts=2))
    assert CUT_OFF in comment
    assert "Waiting for disk space" not in comment


def test_a_run_that_ends_while_the_forge_is_down_is_posted_later(
    site: LoopSite, pull_request: int
) -> None:
    site.ask(pull_request)
    site.cycle_until(lambda: is_in(site, pull_request, "restart"))
    server = load_server()
    # Down for the poller only: the run's witness would notice if the forge itself was stopped.
    site.forge._client._session.close()
    use_names(dict.fromkeys(server.names, NOBODY))
    site.log_lines.clear()
    try:
        site.cycle_until(lambda: site.request(pull_request).state == "done")
    finally:
        use_names(server.names)
    assert site.store.unposted()
    assert any("The forge does not answer" in line for line in site.log_lines)
    site.cycle_until(lambda: not site.store.unposted())
    comment = check_passed_once(site, pull_request, attempts=1)
    assert "cut off" not in comment
    assert "the error is gone" in site.log_lines


def test_a_newer_request_ends_the_older_one_and_stop_ends_all(
    site: LoopSite, pull_request: int
) -> None:
    site.ask(pull_request)
    site.cycle_until(lambda: is_in(site, pull_request, "install"))
    first = site.request(pull_request)
    site.people.push(RECIPE, pull_request, "Once more", {"README.md": "Once more\n"})
    site.ask(pull_request)
    site.poller.cycle()
    site.cycle_until(lambda: site.request(pull_request).state == "running")
    second = site.request(pull_request)
    assert second.id != first.id
    assert second.commit != first.commit
    assert site.store.request(first.id).state == "superseded"
    assert services_of(first) == []
    site.cycle_until(lambda: is_in(site, pull_request, "install"))
    site.ask(pull_request, "!testme stop")
    site.cycle_until_settled()
    assert site.store.request(second.id).state == "stopped"
    assert services_of(second) == []
    (comment,) = site.comments(pull_request)
    assert "**stopped**" in comment["body"]
    assert site.people.statuses(RECIPE, first.commit) == {f"ccci/{RECIPE}": "error"}
    assert site.people.statuses(RECIPE, second.commit) == {f"ccci/{RECIPE}": "error"}


def test_a_request_waits_while_the_disk_is_full(
    site: LoopSite, pull_request: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: NO_DISK)
        site.ask(pull_request)
        site.poller.cycle()
        site.poller.cycle()
        assert site.request(pull_request).state == "queued"
        (comment,) = site.comments(pull_request)
        assert "Waiting for disk space" in shown(comment["body"])
    site.cycle_until(lambda: site.request(pull_request).state == "running")
    site.ask(pull_request, "!testme stop")
    site.cycle_until_settled()


def test_another_recipe_is_mirrored_before_it_is_queued(site: LoopSite, pull_request: int) -> None:
    site.ask(pull_request, "!testme gitea")
    Watch(site.forge, site.store, site.log_lines.append).poll()
    request = site.request(pull_request)
    assert (request.recipe, request.state) == ("gitea", "queued")
    assert request.commit == site.forge.branch_commit("gitea", "main")
    assert request.commit != request.pull_request_commit
    site.ask(pull_request, "!testme stop")
    site.cycle_until_settled()
    assert site.request(pull_request).state == "stopped"


def test_a_recipe_that_does_not_exist_is_answered(site: LoopSite, pull_request: int) -> None:
    site.ask(pull_request, "!testme no-such-recipe")
    site.cycle_until_settled()
    (answer,) = site.comments(pull_request)
    assert "Nothing was queued" in answer["body"]
    assert site.forge.default_branch("no-such-recipe") is None


def test_a_webhook_of_the_forge_triggers_a_poll(site: LoopSite, pull_request: int) -> None:
    secret = site.folder / "webhook-secret"
    secret.write_text(secrets.token_hex(16))
    secret.chmod(0o600)
    address = load_server().containers.names_address
    assert address
    with socket.create_server((address, 0)) as free:
        port = free.getsockname()[1]
    path = f"/repos/{site.people.organisation}/{RECIPE}/hooks"
    hook = {
        "type": "gitea",
        "config": {
            "url": f"http://{address}:{port}/",
            "content_type": "json",
            "secret": secret.read_text(),
        },
        "events": ["pull_request_comment"],
        "active": True,
    }
    made = site.people.ask("POST", path, hook)
    webhook = {"address": address, "port": str(port), "secret_file": str(secret)}
    try:
        with site.process(interval_seconds=600, webhook=webhook):
            log = site.folder / "poller.log"
            wait(lambda: " polling https://" in log.read_text())
            site.ask(pull_request, "!testme what is this?")
            wait(lambda: bool(site.comments(pull_request)), 60)
    finally:
        site.people.ask("DELETE", f"{path}/{made['id']}")
