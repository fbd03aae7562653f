"""Two clients in a room of a real LiveKit: they see each other, and hear each other's tone."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import jwt
import livekit_guest
import pytest
from livekit_guest import Guest, NotLetIn

from ccci.errors import RecipeFailure
from ccci.waiting import Look, wait_for
from tests.lab.forge_site import lab_up

pytestmark = pytest.mark.lab

IMAGE = "livekit/livekit-server:v1.13.5"
KEY, SECRET = "tests", secrets.token_hex(24)
CONFIG = "{keys: {%s: %s}, port: 7880, rtc: {udp_port: 7882, use_external_ip: false%s}}"


@dataclass
class Room:
    """A room of a server that runs."""

    url: str

    def guest(self, name: str, secret: str = SECRET) -> Guest:
        now = int(time.time())
        rights = {"room": "kitchen", "roomJoin": True, "canPublish": True, "canSubscribe": True}
        about = {"iss": KEY, "sub": f"id-{name}", "name": name, "video": rights}
        token = jwt.encode({**about, "nbf": now - 1, "exp": now + 300}, secret, algorithm="HS256")
        return Guest(name, self.url, token, None)


@contextmanager
def _livekit(more: str = "") -> Iterator[Room]:
    lab_up("--image", IMAGE)
    client: Any = docker.from_env()
    config = CONFIG % (KEY, SECRET, more)
    container = client.containers.run(IMAGE, environment={"LIVEKIT_CONFIG": config}, detach=True)
    try:

        def look() -> Look:
            container.reload()
            code, _ = container.exec_run(["wget", "-q", "-O", "/dev/null", "localhost:7880"])
            return Look(code == 0, container.logs().decode()[-500:])

        wait_for("LiveKit to answer", look, within_seconds=60)
        address = container.attrs["NetworkSettings"]["IPAddress"]
        yield Room(f"ws://{address}:7880")
    finally:
        container.remove(force=True)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with _livekit() as made:
        yield made


@contextmanager
def _joined(*guests: Guest) -> Iterator[None]:
    try:
        for guest in guests:
            guest.join()
        yield
    finally:
        for guest in guests:
            guest.leave()


def test_two_guests_see_and_hear_each_other(room: Room) -> None:
    anna, bert = room.guest("anna"), room.guest("bert")
    with _joined(anna, bert):
        wait_for("anna to see bert", lambda: Look(bool(anna.others()), "nobody"), 30)
        assert (anna.others(), bert.others()) == ({"id-bert": "bert"}, {"id-anna": "anna"})
        anna.play(440)
        bert.play(620)
        anna.wait_to_hear("id-bert", 620)
        bert.wait_to_hear("id-anna", 440)
        connection = anna.connection()
        assert connection.protocol == "udp" and connection.received_bytes > 1000
        assert any(":7882" in offered for offered in connection.offered)


def test_another_tone_and_silence_are_not_what_was_sounded(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bert = room.guest("anna"), room.guest("bert")
    with _joined(anna, bert):
        bert.play(620)
        anna.wait_to_hear("id-bert", 620)
        monkeypatch.setattr(livekit_guest, "WITHIN_SECONDS", 3.0)
        with pytest.raises(RecipeFailure, match="Expected anna to hear 440 Hz"):
            anna.wait_to_hear("id-bert", 440)
        with pytest.raises(RecipeFailure, match="last seen: nothing"):
            bert.wait_to_hear("id-anna", 440)


def test_a_token_with_another_signature_is_refused(room: Room) -> None:
    eve = room.guest("eve", "x" * 48)
    with pytest.raises(NotLetIn, match="refuses the token") as refused:
        eve.join()
    assert "eyJ" not in str(refused.value)
    eve.leave()


def test_a_server_that_offers_no_address_for_media_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(livekit_guest, "WITHIN_SECONDS", 20.0)
    with _livekit(", interfaces: {includes: [lo]}") as room:
        anna = room.guest("anna")
        with pytest.raises(RecipeFailure, match=r"cannot join|expected to join"):
            anna.join()
        anna.leave()
