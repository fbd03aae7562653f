"""Mumble's voice packets, in the form that clients before 1.5 send and every server understands.

The first byte has the kind (4: sound in Opus, 1: a ping) in its three highest bits, and whom it is
for (0: all in the channel) in the others. Numbers have one to nine bytes, as their size needs.
"""

from dataclasses import dataclass

_OPUS, _PING = 4, 1
# In the number before the sound: its length, and whether the speaker then stops.
_LENGTH, _LAST = 0x1FFF, 0x2000


@dataclass(frozen=True)
class Sound:
    """A packet of sound that arrived.

    Attributes:
        session: of who speaks.
        opus: the sound, as it was sent.
        way: how it came: `tunnel`, which is the connection itself, or `udp`.
    """

    session: int
    opus: bytes
    way: str


def sound_packet(number: int, opus: bytes) -> bytes:
    """Return a packet that carries sound to all in the channel, the last before a pause.

    Args:
        number: counts the packets of a speaker.
        opus: the sound.
    """
    return bytes([_OPUS << 5]) + encoded(number) + encoded(len(opus) | _LAST) + opus


def ping_packet(number: int) -> bytes:
    """Return a packet that the server sends back as it is."""
    return bytes([_PING << 5]) + encoded(number)


def is_ping(packet: bytes) -> bool:
    """Return whether a packet is a ping that came back."""
    return packet[0] >> 5 == _PING


def heard(packet: bytes, way: str) -> Sound | None:
    """Return the sound in a packet of the server; None for a packet of another kind."""
    if packet[0] >> 5 != _OPUS:
        return None
    session, rest = _decoded(packet[1:])
    _, rest = _decoded(rest)
    length, rest = _decoded(rest)
    return Sound(session, rest[: length & _LENGTH], way)


def encoded(number: int) -> bytes:
    """Return a number from 0 on as the packets have it.

    Example:
        >>> encoded(300).hex()
        '812c'
    """
    if number < 1 << 7:
        return bytes([number])
    if number < 1 << 14:
        return (number | 0x8000).to_bytes(2)
    if number < 1 << 21:
        return (number | 0xC00000).to_bytes(3)
    if number < 1 << 28:
        return (number | 0xE0000000).to_bytes(4)
    if number < 1 << 32:
        return b"\xf0" + number.to_bytes(4)
    return b"\xf4" + number.to_bytes(8)


def _decoded(data: bytes) -> tuple[int, bytes]:
    """Return the number at the start of some bytes, and what follows it."""
    first = data[0]
    for more, (mask, mark) in enumerate(((0x80, 0), (0xC0, 0x80), (0xE0, 0xC0), (0xF0, 0xE0))):
        if first & mask == mark:
            value = bytes([first & ~mask & 0xFF]) + data[1 : 1 + more]
            return int.from_bytes(value), data[1 + more :]
    size = 8 if first & 0xFC == 0xF4 else 4
    return int.from_bytes(data[1 : 1 + size]), data[1 + size :]
