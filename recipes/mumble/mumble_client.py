"""A client of Mumble: one person at the server, and what this person sees.

It has no thread of its own: what the server sent is read while something is waited for. So nothing
tells the server meanwhile that the person is still there; its setting `timeout` must allow that.
"""

import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mumble_messages as messages
import mumble_voice as voice
from mumble_crypt import Crypt, NotGenuine

from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for

Address = tuple[str, int]

# How long anything may take that a server does at once, on a busy node.
WITHIN_SECONDS = 60.0
# The last protocol before voice packets changed; every later server speaks it too.
_PROTOCOL = 0x010400
_REFUSALS = (
    "None", "WrongVersion", "InvalidUsername", "WrongUserPW", "WrongServerPW", "UsernameInUse",
    "ServerFull", "NoCertificate", "AuthenticatorFail", "NoNewConnections",
)  # fmt: skip
# https://mumble-protocol.readthedocs.io: the bits of a permission.
PERMISSIONS = {
    "write": 0x1, "traverse": 0x2, "enter": 0x4, "speak": 0x8, "make channels": 0x40,
    "link channels": 0x80, "make temporary channels": 0x400, "kick": 0x10000, "ban": 0x20000,
    "register others": 0x40000, "register": 0x80000,
}  # fmt: skip
_PAUSE = 0.05
# How a connection ends that the other side breaks: what it means, the waits tell.
_BROKEN = (ConnectionError, ssl.SSLError)
_PIECE = 1 << 16
ROOT = 0


@dataclass(frozen=True)
class Identity:
    """The certificate by which a server knows a person again.

    Attributes:
        certificate, key: in PEM.
    """

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)


class Refused(RecipeFailure):
    """The server did not let somebody in.

    Attributes:
        kind: the kind of refusal, in the words of Mumble's protocol, such as `WrongServerPW`.
    """

    def __init__(self, name: str, kind: str, reason: str) -> None:
        super().__init__(f"Mumble refuses {name}: {kind} ({reason}).")
        self.kind = kind


class MumbleClient:
    """One person at a Mumble server.

    Attributes:
        name: the person's.
        session: the number by which the server calls the person.
        release, version: what the server says of itself.
        welcome: its welcome text.
        max_users: how many people it lets in.
        channels: number to the channel's name, parent, description and links.
        people: session to what is known of the person.
        texts: the messages received.
        sounds: what was heard.
    """

    def __init__(self, name: str, address: Address, server_name: str) -> None:
        """Take who comes, and where to; nobody has connected yet."""
        self.name, self._address, self._server_name = name, address, server_name
        self.session, self.welcome, self.max_users = 0, "", 0
        self.release, self.version = "", ""
        self.channels: dict[int, dict[str, Any]] = {}
        self.people: dict[int, dict[str, Any]] = {}
        self.texts: list[str] = []
        self.sounds: list[voice.Sound] = []
        self.denials: list[int] = []
        self.answers: dict[str, Any] = {}
        self._refusal: Refused | None = None
        self._gone = ""
        self._buffer = b""
        self._tls: ssl.SSLSocket | None = None
        self._udp: socket.socket | None = None
        self._crypt: Crypt | None = None
        self._pings = self._spoken = 0

    def __repr__(self) -> str:
        return f"<{self.name} at {self._server_name}>"

    def connect(self, certificate: str, identity: Identity | None) -> None:
        """Make the connection to the server that has this certificate; nothing is said yet.

        Args:
            certificate: the server's, in PEM. A Mumble server makes it itself, without its name.
            identity: what the person shows; None to come without.

        Raises:
            RecipeFailure: there is no connection, or the server shows another certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=certificate)
        if identity:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "identity.pem"
                file.write_bytes(identity.key + identity.certificate)
                context.load_cert_chain(file)
        try:
            plain = socket.create_connection(self._address, WITHIN_SECONDS)
            self._tls = context.wrap_socket(plain, server_hostname=self._server_name)
        except ssl.SSLCertVerificationError as error:
            raise RecipeFailure(
                f"{self.name} expected another certificate of the server: {error.verify_message}."
            ) from None
        except OSError as error:
            raise RecipeFailure(f"{self.name} cannot connect to Mumble: {error}") from None
        self._tls.settimeout(_PAUSE)

    def sign_in(self, password: str) -> None:
        """Give name and password, and wait until all is told that a newcomer is told.

        Raises:
            Refused: the server does not let the person in.
            RecipeFailure: it does not answer.
        """
        self.send("Version", version_v1=_PROTOCOL, release="ccci", os="Linux")
        self.send("Authenticate", username=self.name, password=password, opus=True)
        self.wait("to be let in", lambda: bool(self.session or self._refusal), self._state)
        if self._refusal:
            raise self._refusal
        self.wait("the settings of the server", lambda: self.max_users > 0, self._state)

    def leave(self) -> None:
        """Close the connection, and wait until the server has closed it too: the place is free."""
        if self._udp:
            self._udp.close()
        if self._tls:
            try:
                self._tls.settimeout(WITHIN_SECONDS)
                self._tls.shutdown(socket.SHUT_WR)
                while self._tls.recv(_PIECE):
                    continue
            except (*_BROKEN, TimeoutError) as error:
                self._gone = self._gone or f"the connection broke ({error})"
            self._tls.close()
        self._tls = self._udp = None

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send one message.

        Raises:
            RecipeFailure: the connection is gone.
        """
        self._send(messages.packed(messages.make(kind, **fields)))

    def wait(self, wanted: str, good: Callable[[], bool], seen: Callable[[], str]) -> None:
        """Wait for something that this person must see.

        Args:
            wanted: what it is, to be read after "Expected ... to see".
            good: whether it is so.
            seen: what is there instead, in words.

        Raises:
            RecipeFailure: it is not so in time, or the server closed the connection meanwhile.
        """

        def look() -> Look:
            self.listen()
            return Look(good(), f"{seen()}{self._gone and f'; {self._gone}'}")

        try:
            wait_for(f"{self.name} to see {wanted}", look, WITHIN_SECONDS, _PAUSE)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None

    def listen(self) -> None:
        """Read what the server has sent until now."""
        self._listen_to_udp()
        while self._tls and not self._gone:
            try:
                piece = self._tls.recv(_PIECE)
            except TimeoutError:
                break
            except _BROKEN as error:
                piece, self._gone = b"", f"the connection broke ({error})"
            if not piece:
                self._gone = self._gone or "the server closed the connection"
            self._buffer += piece
        while len(self._buffer) >= messages.HEADER_BYTES:
            kind, length = messages.header_of(self._buffer[: messages.HEADER_BYTES])
            end = messages.HEADER_BYTES + length
            if len(self._buffer) < end:
                return
            content, self._buffer = self._buffer[messages.HEADER_BYTES : end], self._buffer[end:]
            self._take(kind, content)

    def ask(self, kind: str, /, **fields: Any) -> Any:
        """Send a question, and return the message of the same kind that answers it.

        Raises:
            RecipeFailure: there is no answer.
        """
        self.answers.pop(kind, None)
        self.send(kind, **fields)
        self.wait(f"an answer: {kind}", lambda: kind in self.answers, lambda: "none")
        return self.answers[kind]

    def channel(self, name: str) -> int | None:
        """Return the number of a channel; None where the person sees none of that name."""
        return next((n for n, one in self.channels.items() if one["name"] == name), None)

    def person(self, name: str) -> dict[str, Any] | None:
        """Return what is known of somebody; None for whom the person does not see."""
        return next((one for one in self.people.values() if one.get("name") == name), None)

    def number_of(self, channel: str) -> int:
        """Return the number of a channel.

        Raises:
            RecipeFailure: the person sees none of that name.
        """
        self.wait(
            f"channel {channel}", lambda: self.channel(channel) is not None, self.channels_in_words
        )
        return next(n for n, one in self.channels.items() if one["name"] == channel)

    def session_of(self, name: str) -> int:
        """Return the number by which the server calls somebody.

        Raises:
            RecipeFailure: the person sees nobody of that name.
        """
        self.wait(f"{name} on the server", lambda: self.person(name) is not None, self._state)
        return next(n for n, one in self.people.items() if one.get("name") == name)

    def name_of(self, number: int) -> str:
        """Return the name of a channel, or that there is none."""
        return str(self.channels.get(number, {}).get("name", "no channel"))

    def channels_in_words(self) -> str:
        """Return the channels that the person sees, to be read in a sentence."""
        return "; ".join(
            f"{one['name']} below {self.name_of(one['parent'])} with {one['description']!r}"
            for one in self.channels.values()
        )

    def speaker(self, number: int) -> str:
        """Return the name of whom the server calls by this number."""
        return str(self.people.get(number, {}).get("name", "nobody"))

    @property
    def user_id(self) -> int | None:
        """The number of a registered user; None for anybody else."""
        number: int | None = self.people.get(self.session, {}).get("user_id")
        return number

    @property
    def gone(self) -> str:
        """Why there is no connection any more; "" while there is one."""
        return self._gone

    def speak(self, opus: bytes, way: str) -> None:
        """Send a packet of sound.

        Args:
            opus: the sound.
            way: `tunnel` or `udp`.
        """
        self._spoken += 1
        packet = voice.sound_packet(self._spoken, opus)
        if way == "udp":
            self._send_by_udp(packet)
        else:
            self._send(messages.packed_tunnel(packet))

    def open_udp(self, address: Address) -> None:
        """Prove to the server that encrypted packets go both ways; voice then goes by UDP.

        Args:
            address: where the server takes packets.

        Raises:
            RecipeFailure: no packet comes back.
        """
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.settimeout(_PAUSE)
        self._udp.connect(address)
        back = self._pings

        def came_back() -> bool:
            # A packet may be lost, so it is sent until one comes back.
            self._send_by_udp(voice.ping_packet(1))
            self._listen_to_udp()
            return self._pings > back

        self.wait("an encrypted packet come back by UDP", came_back, lambda: "none")

    def _state(self) -> str:
        return f"{len(self.channels)} channels and {len(self.people)} people"

    def _send(self, data: bytes) -> None:
        if not self._tls:
            raise RecipeFailure(f"{self.name} has left.")
        try:
            self._tls.sendall(data)
        except OSError as error:
            raise RecipeFailure(f"The connection of {self.name} is gone: {error}") from None

    def _send_by_udp(self, packet: bytes) -> None:
        if not (self._udp and self._crypt):
            raise RecipeFailure(f"{self.name} has no encrypted way by UDP.")
        self._udp.send(self._crypt.seal(packet))

    def _listen_to_udp(self) -> None:
        while self._udp and self._crypt:
            try:
                packet = self._crypt.open(self._udp.recv(_PIECE))
            except TimeoutError:
                return
            except (ConnectionError, NotGenuine) as error:
                # Refused by the node, or not the server's: as if it had not come.
                self.answers["udp"] = str(error)
                return
            self._take_voice(packet, "udp")

    def _take_voice(self, packet: bytes, way: str) -> None:
        sound = voice.heard(packet, way)
        if sound:
            self.sounds.append(sound)
        elif voice.is_ping(packet):
            self._pings += 1

    def _take(self, kind: int, content: bytes) -> None:
        if kind == messages.TUNNEL:
            self._take_voice(content, "tunnel")
            return
        message = messages.read(kind, content)
        if message is not None:
            take = getattr(self, f"_take_{message.DESCRIPTOR.name.lower()}", None)
            if take:
                take(message)
            else:
                self.answers[message.DESCRIPTOR.name] = message

    def _take_version(self, message: Any) -> None:
        self.release = message.release
        new, old = message.version_v2, message.version_v1
        parts = (new >> 48, new >> 32 & 0xFFFF, new >> 16 & 0xFFFF) if new else (
            old >> 16, old >> 8 & 0xFF, old & 0xFF,
        )  # fmt: skip
        self.version = ".".join(map(str, parts))

    def _take_reject(self, message: Any) -> None:
        self._refusal = Refused(self.name, _REFUSALS[message.type], message.reason)

    def _take_serversync(self, message: Any) -> None:
        self.session, self.welcome = message.session, message.welcome_text

    def _take_serverconfig(self, message: Any) -> None:
        self.max_users = message.max_users

    def _take_cryptsetup(self, message: Any) -> None:
        if message.key:
            self._crypt = Crypt(message.key, message.client_nonce, message.server_nonce)

    def _take_channelstate(self, message: Any) -> None:
        new = {"name": "", "parent": 0, "description": "", "links": set()}
        known = self.channels.setdefault(message.channel_id, new)
        for key in ("name", "parent", "description"):
            if message.HasField(key):
                known[key] = getattr(message, key)
        known["links"] |= {*message.links, *message.links_add}
        known["links"] -= {*message.links_remove}

    def _take_channelremove(self, message: Any) -> None:
        self.channels.pop(message.channel_id, None)

    def _take_userstate(self, message: Any) -> None:
        known = self.people.setdefault(message.session, {"channel_id": 0})
        for part, value in message.ListFields():
            known[part.name] = value

    def _take_userremove(self, message: Any) -> None:
        self.people.pop(message.session, None)
        if message.session == self.session:
            self._gone = f"removed from the server: {message.reason}"

    def _take_textmessage(self, message: Any) -> None:
        self.texts.append(message.message)

    def _take_permissiondenied(self, message: Any) -> None:
        self.denials.append(message.permission)


def information_of(address: Address) -> dict[str, int]:
    """Return what a server tells everybody who asks by UDP: its users, and how many there may be.

    Raises:
        RecipeFailure: it does not answer.
    """
    number = time.monotonic_ns()
    asked = bytes(4) + number.to_bytes(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1.0)
        udp.connect(address)

        def look() -> Look:
            # A packet may be lost.
            try:
                udp.send(asked)
                answer = udp.recv(_PIECE)
            except (ConnectionError, TimeoutError) as error:
                return Look(False, str(error))
            if len(answer) != 24 or answer[4:12] != asked[4:]:
                return Look(False, f"{len(answer)} bytes")
            found.update(
                users=int.from_bytes(answer[12:16]), max_users=int.from_bytes(answer[16:20])
            )
            return Look(True, str(found))

        found: dict[str, int] = {}
        try:
            wait_for("the server to answer by UDP", look, WITHIN_SECONDS, _PAUSE)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None
    return found
