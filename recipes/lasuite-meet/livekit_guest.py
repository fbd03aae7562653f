"""A client in a room of LiveKit: it joins by a token, sees the others, sends and receives sound.

LiveKit's own client library does the signalling and the media (WebRTC).
Source: https://docs.livekit.io/reference/internals/client-protocol/
"""

import asyncio
import logging
import re
import urllib.parse
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from livekit_way import way_to

from ccci.background import BackgroundLoop
from ccci.errors import NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, wait_for

# How long anything may take that the server does at once, on a busy node.
WITHIN_SECONDS = 60.0
# What microphones send: samples in a second, and how many of them at once.
_RATE, _FRAME = 48_000, 480
_LOUDNESS = 8_000
# How much is listened to, and how loud a tone must be beside all else that is heard.
_LISTEN_SECONDS, _CLEAR = 1.0, 0.5


# It writes the tokens that are refused; what it has to say is in its errors.
logging.getLogger("livekit").disabled = True


class NotLetIn(RecipeFailure):
    """The server refuses the token."""


@dataclass(frozen=True)
class Connection:
    """The connection for media that was chosen.

    Attributes:
        protocol: `udp` or `tcp`; "" for none.
        received_bytes: over it.
        offered: the addresses that the server offered for it, each with protocol and port.
    """

    protocol: str
    received_bytes: int
    offered: tuple[str, ...]


class Guest:
    """One client of a LiveKit server.

    Attributes:
        name: who it is, for messages.
    """

    def __init__(self, name: str, url: str, token: str, bundle: Path | None) -> None:
        """Take who joins, the address of the server, and the token; nobody has joined yet."""
        self.name, self._url, self._token, self._bundle = name, url, token, bundle
        self._background = BackgroundLoop(f"guest {name}")
        self._room: rtc.Room | None = None
        self._sent_out = ""
        self._playing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<{self.name} at {self._url}>"

    def join(self) -> None:
        """Join the room that the token is for.

        Raises:
            NotLetIn: the server refuses the token.
            RecipeFailure: there is no answer, or no media.
            NodeFailure: the server's address cannot be reached.
        """
        self._do(self._join(), "to join the room")

    def others(self) -> dict[str, str]:
        """Return the name that each other participant shows, by identity."""
        found: dict[str, str] = self._do(self._others(), "to tell who is there")
        return found

    def play(self, hertz: int) -> None:
        """Send a tone as a microphone does, until the guest leaves.

        Raises:
            RecipeFailure: the server does not take it.
        """
        self._do(self._play(hertz), "to send sound")

    def wait_to_hear(self, identity: str, hertz: int) -> None:
        """Wait until this tone is what comes from a participant.

        Raises:
            RecipeFailure: nothing comes, or something else.
        """
        seen = ["nothing"]

        def look() -> Look:
            heard = self._do(self._listen(identity), "to listen")
            seen[:] = [f"{heard[0]:.0f} Hz ({heard[1]:.0%} of all)" if heard else "nothing"]
            good = bool(heard) and abs(heard[0] - hertz) < hertz / 50 and heard[1] > _CLEAR
            return Look(good, seen[0])

        try:
            wait_for(f"{self.name} to hear {hertz} Hz of {identity}", look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(f"{late}") from None

    def connection(self) -> Connection:
        """Return what the client knows of its connection (W3C WebRTC Statistics).

        Raises:
            RecipeFailure: the connection has ended.
        """
        if self._sent_out:
            raise RecipeFailure(f"{self}: the connection has ended: {self._sent_out}.")
        found: Connection = self._do(self._connection(), "to tell of its connection")
        return found

    def sent_out(self) -> str:
        """Return why the server ended the connection, in LiveKit's own words; "" while it holds."""
        return self._sent_out

    def leave(self) -> None:
        """Leave the room, if the guest is in one."""
        try:
            self._do(self._leave(), "to leave the room")
        finally:
            self._background.close()

    def _do(self, work: Coroutine[Any, Any, Any], wanted: str) -> Any:
        try:
            return self._background.do(work, WITHIN_SECONDS)
        except TimeoutError:
            raise RecipeFailure(f"{self}: expected {wanted} within {WITHIN_SECONDS:g} s.") from None

    async def _join(self) -> None:
        self._room = rtc.Room()
        self._room.on("disconnected", self._note_the_end)
        parts = urllib.parse.urlsplit(self._url)
        options = rtc.RoomOptions(auto_subscribe=True, connect_timeout=WITHIN_SECONDS / 3)
        try:
            async with way_to(str(parts.hostname), parts.port or 443, self._bundle) as way:
                await self._room.connect(self._url, self._token, options)
        except rtc.ConnectError as error:
            if way.lost:
                raise NodeFailure(f"{self} cannot join: no connection: {way.lost}") from None
            # Its text has the token.
            told = str(error).replace(self._token, "<token>")
            if re.search(r"\b401\b", told):
                raise NotLetIn(f"{self} cannot join: LiveKit refuses the token (401).") from None
            raise RecipeFailure(f"{self} cannot join: {told}") from None

    def _note_the_end(self, reason: Any) -> None:
        self._sent_out = rtc.DisconnectReason.Name(reason)

    async def _play(self, hertz: int) -> None:
        assert self._room
        source = rtc.AudioSource(_RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        try:
            await self._room.local_participant.publish_track(track, options)
        except rtc.participant.PublishTrackError as error:
            raise RecipeFailure(f"{self} cannot send sound: {error}") from None
        self._playing = asyncio.create_task(self._send_tone(source, hertz))

    async def _send_tone(self, source: rtc.AudioSource, hertz: int) -> None:
        sent = 0
        while True:
            times = (np.arange(_FRAME) + sent) / _RATE
            wave = (np.sin(2 * np.pi * hertz * times) * _LOUDNESS).astype(np.int16)
            # It returns when there is room for more, and so keeps the time.
            await source.capture_frame(rtc.AudioFrame(wave.tobytes(), _RATE, 1, _FRAME))
            sent += _FRAME

    async def _listen(self, identity: str) -> tuple[float, float] | None:
        assert self._room
        other = self._room.remote_participants.get(identity)
        tracks = [one.track for one in other.track_publications.values()] if other else []
        track = next((one for one in tracks if isinstance(one, rtc.RemoteAudioTrack)), None)
        if track is None:
            return None
        stream = rtc.AudioStream(track, sample_rate=_RATE, num_channels=1)
        parts: list[np.ndarray] = []
        try:
            async with asyncio.timeout(5 * _LISTEN_SECONDS):
                async for event in stream:
                    parts.append(np.frombuffer(event.frame.data, dtype=np.int16))
                    if sum(map(len, parts)) >= _RATE * _LISTEN_SECONDS:
                        break
        except TimeoutError:
            return None
        finally:
            await stream.aclose()
        return _strongest(np.concatenate(parts)) if parts else None

    async def _connection(self) -> Connection:
        assert self._room
        stats = await self._room.get_rtc_stats()
        all_of = [*stats.publisher_stats, *stats.subscriber_stats]
        candidates = {
            one.remote_candidate.rtc.id: one.remote_candidate.candidate
            for one in all_of
            if one.WhichOneof("stats") == "remote_candidate"
        }
        pairs = [one.candidate_pair for one in all_of if one.HasField("candidate_pair")]
        # What is sent and what is received may have a connection each.
        used = (one.candidate_pair for one in pairs if one.candidate_pair.nominated)
        chosen = max(used, key=lambda pair: pair.bytes_received, default=None)
        offered = {f"{one.protocol} {one.address}:{one.port}" for one in candidates.values()}
        if chosen is None:
            return Connection("", 0, tuple(sorted(offered)))
        protocol = candidates[chosen.remote_candidate_id].protocol
        return Connection(protocol, chosen.bytes_received, tuple(sorted(offered)))

    async def _others(self) -> dict[str, str]:
        assert self._room
        return {one.identity: one.name for one in self._room.remote_participants.values()}

    async def _leave(self) -> None:
        if self._playing:
            self._playing.cancel()
        if self._room:
            await self._room.disconnect()


def _strongest(samples: np.ndarray) -> tuple[float, float] | None:
    """Return the strongest frequency in hertz, and its share of all that is heard."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    whole = float(power.sum())
    if not whole:
        return None
    at = int(power.argmax())
    near = float(power[max(at - 20, 0) : at + 21].sum())
    return at * _RATE / len(samples), near / whole
